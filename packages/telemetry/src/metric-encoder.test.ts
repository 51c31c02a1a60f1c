import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { decodeOtlp } from '@millrace/testing';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { resources, type metrics as sdk } from '@opentelemetry/sdk-node';
import type { Command } from './fixtures/traced-process.js';
import { encodeMetrics } from './metric-encoder.js';
import { createMetricProducer } from './metric-producer.js';
import { createMetrics, type Metrics } from './metrics.js';

const exec = promisify(execFile);
const traceId = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';

function someMetrics(): Metrics {
  const metrics = createMetrics({ service: 'test' });
  metrics.counter({ name: 'runs_total', help: 'Läufe.', labels: ['status'] }).inc({ status: 'failed' }, 3);
  metrics.gauge({ name: 'depth', help: 'Depth.' }).set(-7.5);
  metrics.histogram({ name: 'wait_seconds', help: 'Wait.', buckets: [0.1, 1] }).observe({}, 20);
  metrics.histogram({ name: 'unused_seconds', help: 'Unused.', labels: ['kind'] });
  return metrics;
}

/** What a reader hands to an exporter. */
async function collected(metrics: Metrics): Promise<sdk.ResourceMetrics> {
  const { resourceMetrics } = await createMetricProducer(() => [metrics]).collect();
  const resource = resources.resourceFromAttributes({ 'service.name': 'test', 'process.pid': 4_294_967_297 });
  return { ...resourceMetrics, resource };
}

it('metrics are the bytes that the OpenTelemetry serializer writes', async () => {
  const metrics = await collected(someMetrics());
  const theirs = ProtobufMetricsSerializer.serializeRequest(metrics);
  expect(Buffer.from(encodeMetrics(metrics))).toEqual(Buffer.from(theirs ?? []));
});

it('histograms leave over OTLP with the trace of one of the things that a bucket counts', async () => {
  const bodies: Buffer[] = [];
  const receive = async (req: IncomingMessage) => {
    const body = await buffer(req);
    bodies.push(req.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body);
  };
  const server = createServer((req, res) => {
    receive(req).then(
      () => res.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(),
      () => res.writeHead(400).end(),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/metrics`;
  const script = fileURLToPath(new URL('./fixtures/traced-process.js', import.meta.url));
  const command: Command = { as: 'meter', traceId };
  // What a process has not exported, it exports at its end.
  await exec(process.execPath, [script, JSON.stringify(command)], {
    env: { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: url },
  });
  await new Promise((closed) => server.close(closed));

  const points = bodies.flatMap(seenPoints);
  expect(points).toMatchObject([
    {
      count: '2',
      sum: 0.55,
      bucketCounts: ['1', '1', '0'],
      explicitBounds: [0.1, 1],
      exemplars: [{ asDouble: 0.5, traceId }],
    },
  ]);
});

interface Export {
  resourceMetrics: { scopeMetrics: { metrics: { name: string; histogram?: { dataPoints: object[] } }[] }[] }[];
}

function seenPoints(body: Buffer): object[] {
  const { resourceMetrics } = decodeOtlp(body, 'metrics') as Export;
  const metrics = resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  return metrics.flatMap(({ name, histogram }) => (name === 'seen_seconds' ? (histogram?.dataPoints ?? []) : []));
}
