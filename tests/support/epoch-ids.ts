/** Makes ids of epochs that are told apart: the `server`'s number and a count, in 32 hexadecimal digits. */
export function epochIds(server = 0): () => string {
  let count = 0;
  return () => server.toString(16).padStart(16, "0") + (++count).toString(16).padStart(16, "0");
}
