/**
 * One file for a plain `<script type="module">`: the client and the `<transfer-status>` element.
 *
 * @packageDocumentation
 */
export * from "./index.ts";
export { TransferStatusElement } from "./element.ts";
