import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import type { Observable } from 'rxjs';

/** What both HTTP adapters know of a request. */
interface UrlRequest {
  readonly query?: unknown;
  readonly params?: unknown;
  body?: unknown;
}

@Injectable()
class BodyFromUrlInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() === 'http') fillBody(context.switchToHttp().getRequest<UrlRequest>());
    return next.handle();
  }
}

function fillBody(request: UrlRequest): void {
  request.body = { ...(request.query as object), ...(request.params as object) };
}

/**
 * Over HTTP, the query and the route parameters of a request take the place of its body; a parameter goes before a query of
 * its name. So one `@Body()` of a method takes what `@Get()` and `@AsyncEndpoint()` bring.
 *
 * All of it is text there: let a pipe transform it. Guards see the request as it came.
 */
export function BodyFromUrl(): MethodDecorator {
  return UseInterceptors(BodyFromUrlInterceptor);
}
