/** The session's bytes as text for `unpack`; the build makes it. */
declare module "session:text" {
  const text: string;
  export default text;
}
