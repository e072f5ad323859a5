// The properties of an n8n node for Pressrun, made from the description of its API:
//
//     npm install @devlikeapro/n8n-openapi-node@0.1.4
//     node properties.mjs openapi.json > properties.json
//
// Each resource of the API becomes a resource, and each request an operation.
import { readFileSync } from 'node:fs';
import { N8NPropertiesBuilder } from '@devlikeapro/n8n-openapi-node';

// The generator knows one type for each field: a value that may be null is shown as what it is otherwise.
function withoutNull(part) {
  if (Array.isArray(part)) return part.map(withoutNull);
  if (part === null || typeof part !== 'object') return part;
  const { anyOf, ...rest } = part;
  if (rest.default === null) delete rest.default;
  const others = anyOf?.filter((one) => one.type !== 'null') ?? [];
  const whole = anyOf && others.length === 1 && others.length < anyOf.length ? { ...others[0], ...rest } : part;
  return Object.fromEntries(Object.entries(whole).map(([name, value]) => [name, withoutNull(value)]));
}

// Several values of one parameter are typed as text, with commas where the API takes them so.
function asText(parameter) {
  return parameter.schema?.type === 'array' ? { ...parameter, schema: { type: 'string' } } : parameter;
}

function simplified(description) {
  const found = withoutNull(description);
  for (const operation of Object.values(found.paths).flatMap(Object.values)) {
    operation.parameters = operation.parameters.map(asText);
  }
  return found;
}

// n8n sends every field that it shows, and Pressrun ignores none. So those that may be left out are added by hand.
function gathered(fields) {
  const optional = fields.filter((field) => field.routing && !field.required);
  if (optional.length === 0) return fields;
  const { displayOptions } = optional[0];
  const options = optional.map(({ displayOptions: _, ...field }) => field);
  const more = { displayName: 'More', name: 'more', type: 'collection', placeholder: 'Add a field', default: {}, options };
  return [...fields.filter((field) => !optional.includes(field)), { ...more, displayOptions }];
}

function isChoice(property) {
  return property.name === 'resource' || (property.name === 'operation' && property.type === 'options');
}

function build(description) {
  const logger = { debug() {}, info() {}, warn: ({ operation, error }) => console.error(operation.operationId, error) };
  const properties = new N8NPropertiesBuilder(simplified(description), { logger }).build();
  const choices = properties.filter(isChoice);
  for (const option of choices.slice(1).flatMap((choice) => choice.options)) {
    const { request } = option.routing;
    request.url = request.url.replace(/\{\{(.*?)\}\}/g, '{{encodeURIComponent($1)}}');
  }
  const groups = new Map();
  for (const field of properties.filter((one) => !isChoice(one))) {
    const shown = JSON.stringify(field.displayOptions);
    groups.set(shown, [...(groups.get(shown) ?? []), field]);
  }
  return [...choices, ...[...groups.values()].flatMap(gathered)];
}

const description = JSON.parse(readFileSync(process.argv[2], 'utf8'));
console.log(JSON.stringify(build(description), null, 2));
