import { generateKeyPairSync } from 'node:crypto';

/** A certificate and its key, made for tests and trusted by nobody. */
export const CERT = `-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUTeuk2yYBqMjDndiBpm5V1v9P5hIwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjExOTQ1MzBaGA8yMTI2MTAyODE5NDUz
MFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEKk
BHWJkP7O6YkZ33wMwfMlq31MxcxhQzUH3glQ1+nTdkZSAcAjnk2F2clIRhREkokL
lOn6TTpV+lakjzMS7/ujUzBRMB0GA1UdDgQWBBS/yaCRS68i+LwkZVHZg2/q4OPY
2jAfBgNVHSMEGDAWgBS/yaCRS68i+LwkZVHZg2/q4OPY2jAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIQDvVZwz67LR9sbOsH+6er8y7pbzzWI2P6j+
NufYWQjXZQIgTtfGQ795aK5Q0GkJaZ9Y2rQDUKQPy+38xr+RYejPW+Q=
-----END CERTIFICATE-----
`;
export const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPUWwX1c5mhs670l7
UVTtuulvDEP5yf1UnVJdIlihiyShRANCAARCpAR1iZD+zumJGd98DMHzJat9TMXM
YUM1B94JUNfp03ZGUgHAI55NhdnJSEYURJKJC5Tp+k06VfpWpI8zEu/7
-----END PRIVATE KEY-----
`;
/** Of another certificate. */
export const OTHER_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();
