/**
 * The API's description as one page of HTML that needs nothing beside it: no script, no font, no picture.
 */
import { html } from "hono/html";
import type { ApiDescription, Described, DescribedAnswer, Operation, Parameter } from "./describe-api.ts";

type Html = ReturnType<typeof html>;

const style = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent) }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
code, pre { font: 0.875em/1.5 ui-monospace, monospace }
h2 { margin-top: 3rem } h4 { margin: 1rem 0 0.25rem }
nav ul { columns: 2 18rem; padding-left: 1rem }
details { border: 1px solid var(--line); border-radius: 6px; margin: 0.5rem 0; padding: 0.4rem 0.8rem }
summary { cursor: pointer } summary b { display: inline-block; min-width: 4.5em }
table { border-collapse: collapse; width: 100% }
td, th { border-bottom: 1px solid var(--line); padding: 0.25rem 0.75rem 0.25rem 0; text-align: left;
  vertical-align: top }
pre { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; padding: 0.5rem }
.scope { opacity: 0.7; float: right }`;

/** Returns the page. */
export function drawApi(api: ApiDescription): Html {
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const sections = api.tags.map(({ name, description }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    const drawn = own.map(({ path, method, operation }) => drawOperation(path, method, operation));
    return html`<h2 id="${name}">${name}</h2>${drawText(description)}${drawn}`;
  });
  const links = [...api.tags.map(({ name }) => name), "Schemas"].map(
    (name) => html`<li><a href="#${name}">${name}</a></li>`,
  );
  const schemas = Object.entries(api.components.schemas).map(
    ([name, schema]) => html`<details id="schema-${name}"><summary><code>${name}</code></summary>
${drawSchema(schema as Described)}</details>`,
  );
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${api.info.title} API</title>
<meta name="viewport" content="width=device-width"><style>${style}</style></head><body>
<h1>${api.info.title} API</h1>${drawText(api.info.description)}
<p>The same for machines: <a href="/openapi.json">openapi.json</a></p><nav><ul>${links}</ul></nav>
${sections}<h2 id="Schemas">Schemas</h2>${schemas}</body></html>`;
}

function drawOperation(path: string, method: string, operation: Operation): Html {
  const { operationId, summary, description, security, parameters, requestBody, responses } = operation;
  const scopes = security.flatMap((each) => Object.values(each).flat()).join(" or ") || "any token";
  return html`
<details id="${operationId}"><summary><b>${method.toUpperCase()}</b> <code>${path}</code> ${summary}
<span class="scope">${security.length > 0 ? scopes : "open"}</span></summary>
${description === undefined ? "" : drawText(description)}${drawParameters(parameters)}
${requestBody ? html`<h4>Body</h4>${requestBody.required ? "" : "It may be left out."}` : ""}
${requestBody ? drawContent(requestBody.content) : ""}<h4>Answers</h4><table>
${Object.entries(responses).map(([status, answer]) => drawAnswer(status, answer))}</table></details>`;
}

function drawParameters(parameters: readonly Parameter[]): Html | string {
  if (parameters.length === 0) return "";
  const rows = parameters.map(
    ({ name, in: place, required, description = "", schema }) => html`
<tr><td><code>${name}</code>${required ? "" : " ?"}</td><td>${place}</td>
<td>${drawText(description)}<code>${JSON.stringify(schema)}</code></td></tr>`,
  );
  return html`<h4>Parameters</h4><table>${rows}</table>`;
}

function drawAnswer(status: string, { description, headers = {}, content = {} }: DescribedAnswer): Html {
  const names = Object.keys(headers).map((name) => html`<p>Header <code>${name}</code></p>`);
  // All problems are of one shape, which is told once.
  const shape = "application/problem+json" in content ? "" : drawContent(content);
  return html`
<tr><th>${status}</th><td>${drawText(description)}${names}${shape}</td></tr>`;
}

function drawContent(content: Described): Html[] {
  return Object.entries(content).map(([type, media]) => {
    const { schema } = media as { readonly schema?: Described };
    return html`<p><code>${type}</code></p>${schema ? drawSchema(schema) : ""}`;
  });
}

/** JSON Schema as it is, with links to the schemas that it names. */
function drawSchema(schema: Described): Html {
  const [first, ...rest] = JSON.stringify(schema, null, 2).split('"#/components/schemas/');
  const linked = rest.map((text) => {
    const name = text.slice(0, text.indexOf('"'));
    return html`"<a href="#schema-${name}">#/components/schemas/${name}</a>${text.slice(name.length)}`;
  });
  return html`<pre>${first}${linked}</pre>`;
}

/** Paragraphs, with what stands between backticks as code. */
function drawText(text: string): Html[] {
  return text.split("\n\n").map((paragraph) => {
    const parts = paragraph.split("`");
    return html`<p>${parts.map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}</p>`;
  });
}
