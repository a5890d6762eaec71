import { defineConfig } from 'vitest/config';

export default defineConfig({
  // By itself it follows tsconfig.json, but only for the files that this includes.
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: { globals: true, include: ['src/**/*.spec.ts'], setupFiles: ['src/vitest.setup.ts'] },
});
