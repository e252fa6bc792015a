/**
 * Gives the memory of an array's whole buffer back at once, where the collector would come by later: until then the allocator
 * takes fresh pages, at a page fault each. Whoever looks at the array afterwards finds it empty.
 */
export function freeBuffer({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
