/** What spans and metrics have in common in OTLP's protobuf. */
import type { Attributes, AttributeValue } from '@opentelemetry/api';
import type { ProtobufWriter as Writer } from './protobuf-writer.js';

/** A `Resource`, as field 1. */
export function writeResource(writer: Writer, { attributes }: { attributes: Attributes }): void {
  writer.message(1, () => {
    writeAttributes(writer, 1, attributes);
    writer.varintField(2, 0);
  });
}

/** An `InstrumentationScope`, as field 1. */
export function writeScope(writer: Writer, { name, version }: { name: string; version?: string | undefined }): void {
  writer.message(1, () => {
    writer.string(1, name);
    if (version) writer.string(2, version);
  });
}

export function writeAttributes(writer: Writer, field: number, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    const begin = writer.begin(field);
    writer.string(1, key);
    const beginValue = writer.begin(2);
    writeValue(writer, value);
    writer.end(beginValue);
    writer.end(begin);
  }
}

/** An `AnyValue`. */
function writeValue(writer: Writer, value: AttributeValue | null | undefined): void {
  if (typeof value === 'string') writer.string(1, value);
  else if (typeof value === 'boolean') writer.varintField(2, value ? 1 : 0);
  else if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) writer.varintField(3, value);
  else if (typeof value === 'number' && isInt64(value)) writer.varintField(3, BigInt.asUintN(64, BigInt(value)));
  else if (typeof value === 'number') writer.double(4, value);
  else if (Array.isArray(value)) {
    writer.message(5, () => {
      for (const item of value) writer.message(1, () => writeValue(writer, item));
    });
  }
}

const isInt64 = (value: number): boolean => Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63;
