import { AsyncCallError } from 'nestjs-async-calls';
import { lastValueFrom, type Observable, toArray } from 'rxjs';

/** What a caller gets: all values, or the error. */
export async function outcomeOf(call: Observable<unknown>): Promise<object> {
  try {
    return { values: await lastValueFrom(call.pipe(toArray())) };
  } catch (error) {
    if (!(error instanceof AsyncCallError)) throw error;
    const { code, statusCode, message, details } = error;
    return { code, statusCode, message, details };
  }
}
