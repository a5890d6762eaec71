import type { ProducerRecord } from '../broker/record.js';
import { MessageReader, type SenderView, type SentMessage } from './sent-message.js';

/** A record that was handed to the broker. */
export interface SentRecord {
  readonly record: ProducerRecord;
  readonly sender: SenderView;
  readonly atMs: number;
}

/** What was sent, in the order in which it was handed to the broker. It is read when somebody asks: most tests look at little. */
export class MessageLog {
  private readonly reader = new MessageReader();
  private readonly entries: SentRecord[] = [];
  private readonly read = new Map<SentRecord, readonly SentMessage[]>();
  /** Those that nobody has asked for yet, in their order. */
  private readonly unread: SentRecord[] = [];

  add(sent: SentRecord): void {
    this.entries.push(sent);
    this.unread.push(sent);
  }

  /** The broker has not taken it. */
  remove(sent: SentRecord): void {
    this.entries.splice(this.entries.lastIndexOf(sent), 1);
  }

  all(): SentMessage[] {
    return this.entries.flatMap((sent) => this.messagesIn(sent));
  }

  /** The messages of one record, also of one that is only about to be handed over. */
  messagesIn(sent: SentRecord): readonly SentMessage[] {
    // Answers are told by the requests before them.
    for (const each of this.unread.splice(0)) this.messagesOf(each);
    return this.messagesOf(sent);
  }

  private messagesOf(sent: SentRecord): readonly SentMessage[] {
    let messages = this.read.get(sent);
    if (!messages) {
      messages = this.reader.read(sent.record, sent.sender, sent.atMs);
      this.read.set(sent, messages);
    }
    return messages;
  }
}
