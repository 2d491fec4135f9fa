/** The session translated to JavaScript; the build makes it. */
import type { Core } from "./core.ts";
declare const instantiate: () => Core;
export default instantiate;
