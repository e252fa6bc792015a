import type { Operation, Parameter } from "./operation.ts";
import { object, type Schema, string, whole } from "./schema.ts";

const envelope = { code: whole, server: string, service: string, pid: string };

/** The API's document in OpenAPI 3.1, made from its operations. */
export function openApiOf(operations: readonly Operation[], version: string): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    const methods = paths[operation.path] ?? {};
    methods[operation.method.toLowerCase()] = describe(operation);
    paths[operation.path] = methods;
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "srs",
      version,
      description: "SRS's /api/v1 with what it lacks. Errors have a status of HTTP, a code and a sentence.",
    },
    paths,
    components: {
      securitySchemes: { basic: { type: "http", scheme: "basic" } },
      schemas: { Error: { ...object({ ...envelope, error: string }), description: "Why a call was not answered." } },
    },
  };
}

/** Lists what can be read, as SRS does at the root of its API. */
export function rootOperation(root: string, operations: readonly Operation[]): Operation {
  const readable = operations.filter(({ method, path }) => method === "GET" && !path.includes("{"));
  const urls = Object.fromEntries(readable.map(({ path, summary }) => [path.slice(root.length + 1), summary]));
  return {
    method: "GET",
    path: root,
    role: "read",
    summary: "What can be read, by the name behind this address.",
    answer: { urls: { type: "object", description: "What each is." } },
    run: () => ({ urls }),
  };
}

/** The schema of an operation's whole answer. */
export function answerSchema({ answer, bare, choices }: Operation): Schema {
  const whole = object(bare ? answer : { ...envelope, ...answer });
  return { ...whole, properties: { ...whole.properties, ...choices } };
}

function describe(operation: Operation): object {
  const { summary, role, query = [], body, path } = operation;
  const open = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => ({ name, doc: `The ${name}.` }));
  const parameters = [
    ...open.map((parameter) => parameterIn(parameter, "path")),
    ...query.map((parameter) => parameterIn(parameter, "query")),
  ];
  return {
    summary,
    description: `For the role ${role}.`,
    security: [{ basic: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { content: json(body), required: true } }),
    responses: {
      200: { description: "It is done.", content: json(answerSchema(operation)) },
      default: { description: "It is not.", content: json({ description: "#/components/schemas/Error" }, true) },
    },
  };
}

function parameterIn({ name, doc, required = false }: Parameter, location: "path" | "query"): object {
  return { name, in: location, description: doc, required: required || location === "path", schema: string };
}

function json(schema: Schema, reference = false): object {
  return { "application/json": { schema: reference ? { $ref: schema.description } : schema } };
}
