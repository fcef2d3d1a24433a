// Writes heartbeat details as an activity in TypeScript would, with the SDK's default converter, or reads
// what autobeat wrote.
//
//   npm ci
//   node details.mjs > ../typescript.json
//   node details.mjs read < ../autobeat.json
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { defaultPayloadConverter } from '@temporalio/common';

const { version } = createRequire(import.meta.url)('@temporalio/common/package.json');
const sdk = `@temporalio/common ${version}`;
const half = { done: 42, total: 100, unit: 'rows' };

// What heartbeat() is called with: it takes one value, and a call without one is a call with undefined.
const heartbeats = {
  number: 42,
  'floating number': 42.0,
  text: 'order-42',
  list: [42, 'order-42'],
  bytes: new Uint8Array([0, 1, 254, 255]),
  null: null,
  nothing: undefined,
  state: { lastId: 'order-42', rows: 42 },
  'state in snake case': { last_id: 'order-42', rows: 42 },
  'state in camel case': { lastId: 'order-42', rows: 42 },
  progress: half,
  finished: { up_to: 5, beyond: [[7, 9], [12, 13]] },
  'finished without ranges': { up_to: 5, beyond: undefined },
};

// What activityInfo().heartbeatDetails should be of what autobeat wrote: the first detail alone.
const expected = {
  number: 42,
  text: 'order-42',
  list: [42, 'order-42'],
  bytes: new Uint8Array([0, 1, 254, 255]),
  'state in snake case': { last_id: 'order-42', rows: 42 },
  'state in camel case': { lastId: 'order-42', rows: 42 },
  finished: { up_to: 5, beyond: [[7, 9], [12, 13]] },
  'finished without ranges': { up_to: 5 },
  'number and progress': 42,
  'null and progress': undefined,
};

function fixtureOf({ metadata, data }) {
  const bytes = Buffer.from(data ?? []);
  const text = bytes.toString();
  const written = Buffer.from(text).equals(bytes) ? { data: text } : { base64: bytes.toString('base64') };
  const entries = Object.entries(metadata).map(([key, value]) => [key, Buffer.from(value).toString()]);
  return { metadata: Object.fromEntries(entries), ...written };
}

function payloadOf({ metadata, data, base64 }) {
  const entries = Object.entries(metadata).map(([key, value]) => [key, Buffer.from(value)]);
  const bytes = base64 === undefined ? Buffer.from(data) : Buffer.from(base64, 'base64');
  return { metadata: Object.fromEntries(entries), data: new Uint8Array(bytes) };
}

if (process.argv[2] === 'read') {
  const { details } = JSON.parse(readFileSync(0));
  for (const [name, value] of Object.entries(expected)) {
    const found = defaultPayloadConverter.fromPayload(payloadOf(details[name][0]));
    const comparable = found instanceof Uint8Array ? new Uint8Array(found) : found;
    assert.deepEqual(comparable, value, name);
  }
  console.log(`${sdk} reads all ${Object.keys(expected).length}`);
} else {
  const written = Object.entries(heartbeats).map(([name, value]) => [
    name,
    [fixtureOf(defaultPayloadConverter.toPayload(value))],
  ]);
  console.log(JSON.stringify({ written_by: sdk, details: Object.fromEntries(written) }, null, 2));
}
