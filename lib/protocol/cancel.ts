import { HEADER, PROTOCOL_VERSION } from './header-names.js';
import { headerOf, text, type WireRecord } from './wire-record.js';

/** The kind of a record that gives a request up. */
export const CANCEL = 'cancel';

/** The record that gives a request up. It has to have the key of the request and to stand behind it in its partition. */
export function encodeCancel(correlationId: string, source: string): WireRecord {
  return {
    value: null,
    headers: [
      ...text(HEADER.correlationId, correlationId),
      ...text(HEADER.version, PROTOCOL_VERSION),
      ...text(HEADER.kind, CANCEL),
      ...text(HEADER.source, source),
    ],
  };
}

/** The id of the request that a record gives up; `undefined` if the record is a request, or none that can be read. */
export function cancelledRequestOf(record: WireRecord): Buffer | undefined {
  if (headerOf(record, HEADER.kind)?.toString('latin1') !== CANCEL) return undefined;
  if (headerOf(record, HEADER.version)?.toString('latin1') !== PROTOCOL_VERSION) return undefined;
  const correlationId = headerOf(record, HEADER.correlationId);
  return correlationId?.length ? correlationId : undefined;
}
