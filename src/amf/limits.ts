/** Objects and arrays inside each other, on the way in and out. Real messages stay under 5. */
export const MAX_DEPTH = 64;

/** Values in one body, references counted as what they stand for. The keyframe index of a day-long recording fits. */
export const MAX_VALUES = 131_072;

/** Objects and arrays in one body: each costs its reader a hundred times what it takes on the wire. Real messages have under 50. */
export const MAX_CONTAINERS = 4096;

/** Bytes by which references (to objects, strings, traits) may make a body larger than it was on the wire. */
export const MAX_REFERENCED_BYTES = 1_048_576;

/**
 * Bytes in the name of a member or a class, on the way in. AMF0 writes names with 16-bit lengths, and a byte that is not
 * UTF-8 becomes U+FFFD, which takes three: up to here, every name that was read can be written.
 */
export const MAX_NAME_BYTES = 21_845;
