import { KIND, SOURCE, VERSION } from './common-headers.js';
import { HEADER, PROTOCOL_VERSION } from './header-names.js';
import { textHeader } from './text-header.js';
import { headerOf, isText, type WireRecord } from './wire-record.js';

/** The kind of a record that gives a request up. */
export const CANCEL = 'cancel';

/** The record that gives a request up. It has to have the key of the request and to stand behind it in its partition. */
export function encodeCancel(correlationId: string, source: string): WireRecord {
  return {
    value: null,
    headers: [textHeader(HEADER.correlationId, correlationId), VERSION, KIND.of(CANCEL), SOURCE.of(source)],
  };
}

/** The id of the request that a record gives up; `undefined` if the record is a request, or none that can be read. */
export function cancelledRequestOf(record: WireRecord): Buffer | undefined {
  const kind = headerOf(record, HEADER.kind);
  if (kind === undefined || !isText(kind, CANCEL)) return undefined;
  const version = headerOf(record, HEADER.version);
  if (version === undefined || !isText(version, PROTOCOL_VERSION)) return undefined;
  const correlationId = headerOf(record, HEADER.correlationId);
  return correlationId?.length ? correlationId : undefined;
}
