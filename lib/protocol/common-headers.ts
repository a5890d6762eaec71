import { HEADER, PROTOCOL_VERSION } from './header-names.js';
import { TextHeader, textHeader } from './text-header.js';

/** The headers that records of several kinds have. */
export const VERSION = textHeader(HEADER.version, PROTOCOL_VERSION);
export const KIND = new TextHeader(HEADER.kind);
export const SOURCE = new TextHeader(HEADER.source);
export const CONTENT_TYPE = new TextHeader(HEADER.contentType);
