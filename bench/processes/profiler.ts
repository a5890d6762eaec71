import { Session } from 'node:inspector/promises';

const SAMPLE_EVERY_MICROS = 200;

/** V8's CPU profiler for a part of this process's time: `--cpu-prof` would show mostly its start. */
export class Profiler {
  private readonly session = new Session();

  async start(): Promise<void> {
    this.session.connect();
    await this.session.post('Profiler.enable');
    await this.session.post('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_MICROS });
    await this.session.post('Profiler.start');
  }

  async stop(): Promise<string> {
    const { profile } = await this.session.post('Profiler.stop');
    this.session.disconnect();
    return JSON.stringify(profile);
  }
}
