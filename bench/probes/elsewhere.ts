// A process that has nothing to do with the service and answers probes as well.
import { emptyServer } from './empty-server.js';

console.log(await emptyServer());
