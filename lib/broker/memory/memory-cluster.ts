import type { Environment } from '../../environment/environment.js';
import { GroupCoordinator } from './group-coordinator.js';
import { inNextTurn, type Schedule } from './schedule.js';
import { TopicStore } from './topic-store.js';

/** The state behind one memory broker: all components made from it share this. */
export class MemoryCluster {
  readonly topics: TopicStore;
  readonly groups: GroupCoordinator;
  private members = 0;

  constructor(
    retentionBytes: number,
    readonly maxRecordBytes: number,
    readonly environment: Environment,
    readonly schedule: Schedule = inNextTurn(environment),
  ) {
    this.topics = new TopicStore(retentionBytes, environment);
    this.groups = new GroupCoordinator(this.topics, schedule);
  }

  nextMemberId(clientId: string): string {
    // Padded: the assignor goes by the order of the names.
    return `${clientId}-${String(++this.members).padStart(6, '0')}`;
  }
}
