import { AsyncCallError } from '../errors/async-call-error.js';
import type { EndpointAddress } from '../protocol/endpoint-address.js';
import { FakeEndpoint } from './fake-endpoint.js';
import { FakeService } from './fake-service.js';
import { SimulatedProcess } from './simulated-process.js';
import type { TestWorld } from './test-world.js';

/** The services that a test stands in for. */
export class Fakes {
  private readonly services = new Map<string, FakeService>();

  constructor(
    private readonly world: TestWorld,
    private readonly isUnderTest: (service: string) => boolean,
  ) {}

  /** A fake of an endpoint; one that was there before is replaced. */
  of({ service, endpoint }: EndpointAddress): FakeEndpoint {
    const fake = new FakeEndpoint();
    this.service(service).script(endpoint, fake);
    return fake;
  }

  async close(): Promise<void> {
    await Promise.all([...this.services.values()].map((service) => service.close()));
  }

  private service(name: string): FakeService {
    const known = this.services.get(name);
    if (known) return known;
    if (this.isUnderTest(name)) throw itsReal(name);
    const { world } = this;
    const service = new FakeService(name, world, new SimulatedProcess(world.time.createProcess()));
    this.services.set(name, service);
    // What prevents it, those hear who look for it.
    world.prepare(service.start()).catch(() => undefined);
    return service;
  }
}

function itsReal(service: string): AsyncCallError {
  return new AsyncCallError(
    'invalid-argument',
    `"${service}" cannot be faked: it is one of the services under test. Leave its application out of the test, ` +
      'or override what its handlers use.',
  );
}
