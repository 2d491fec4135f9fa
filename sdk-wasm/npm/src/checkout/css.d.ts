/** The style sheet as text: the build minifies it into the script. */
declare module "*.css" {
  const text: string;
  export default text;
}
