// The two descriptions, and what they say of an answer or a frame: a list of faults, empty when it is as described.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";

const FOLDER = new URL("../../protocol/", import.meta.url);
const BASE = "https://description.example/";
export const files = Object.fromEntries(
  ["openapi", "asyncapi"].map((name) => [name, fileURLToPath(new URL(`${name}.yaml`, FOLDER))]),
);
export const openapi = parse(readFileSync(files.openapi, "utf8"));
export const asyncapi = parse(readFileSync(files.asyncapi, "utf8"));

// A reader ignores a field that it does not know; a test wants to hear of it.
function strict(node) {
  if (Array.isArray(node)) return node.map(strict);
  if (node === null || typeof node !== "object") return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, strict(value)]));
  const isObject = copy.type === "object" && typeof copy.properties === "object";
  return isObject && !("additionalProperties" in copy) ? { ...copy, additionalProperties: false } : copy;
}

const ajv = new Ajv2020({ strict: false, validateSchema: false, allErrors: true });
ajv.addSchema(strict(openapi), `${BASE}openapi.yaml`);
ajv.addSchema(strict(asyncapi), `${BASE}asyncapi.yaml`);

const DOCUMENTS = { openapi, asyncapi };
const escapeKey = (key) => key.replaceAll("~", "~0").replaceAll("/", "~1");

/** A place in one of the documents, reached by names; references on the way are followed. */
export class Place {
  constructor(document, keys = []) {
    for (;;) {
      this.document = document;
      this.keys = keys;
      this.value = keys.reduce((value, key) => value?.[key], DOCUMENTS[document]);
      const [name, pointer] = this.value?.$ref?.split("#") ?? [];
      if (pointer === undefined) return;
      if (name !== "") document = name.replace(/^\.\/|\.yaml$/g, "");
      keys = pointer
        .split("/")
        .slice(1)
        .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
    }
  }

  at(...keys) {
    return keys.reduce((place, key) => new Place(place.document, [...place.keys, key]), this);
  }

  /** What is wrong with `value` by the schema at this place. */
  faults(value) {
    const pointer = this.keys.map((key) => `/${encodeURIComponent(escapeKey(key))}`).join("");
    const validate = ajv.getSchema(`${BASE}${this.document}.yaml#${pointer}`);
    if (validate === undefined) throw new Error(`no schema at ${this.document}.yaml#${pointer}`);
    return validate(value) ? [] : validate.errors.map((error) => `${error.instancePath} ${error.message}`);
  }
}

/** What is wrong with an answer by the description of the operation at `place`. */
export function faultsOf(place, answer) {
  const response = place.at("responses", String(answer.status));
  if (response.value === undefined) return [`status ${answer.status} is not described`];
  const faults = [];
  for (const name of Object.keys(response.value.headers ?? {})) {
    const header = response.at("headers", name);
    const given = answer.headers.get(name);
    if (given !== null)
      faults.push(
        ...header
          .at("schema")
          .faults(given)
          .map((fault) => `${name}: ${fault}`),
      );
    else if (header.value.required) faults.push(`${name} is missing`);
  }
  const type = answer.headers.get("content-type")?.split(";")[0] ?? "";
  if (response.value.content === undefined) return answer.body === "" ? faults : [...faults, "there is a body"];
  if (!(type in response.value.content)) return [...faults, `content type ${type} is not described`];
  const body = type === "application/json" ? JSON.parse(answer.body) : answer.body;
  return [...faults, ...response.at("content", type, "schema").faults(body)];
}
