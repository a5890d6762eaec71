import { Controller, type DynamicModule, Module } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { AsyncCallsModule, type Broker } from 'nestjs-async-calls';

/** As it was on Nest's own Kafka transport: nothing in it knows of this library. */
@Controller()
class MathController {
  @MessagePattern('math.sum')
  sum(@Payload() numbers: number[]): number {
    return numbers.reduce((sum, each) => sum + each, 0);
  }

  @EventPattern('math.checked')
  checked(@Payload() { by }: { readonly by: string }): void {
    console.log(`checked by ${by}`);
  }
}

@Module({ controllers: [MathController] })
export class MathModule {
  static on(broker: Broker): DynamicModule {
    const calls = AsyncCallsModule.forRoot({
      service: 'math',
      broker,
      nestTopics: { startFrom: 'earliest' },
    });
    return { module: MathModule, imports: [calls] };
  }
}
