import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.js'],
    // It starts one sandbox for all workers, which find it by connect().
    globalSetup: ['invited-sandbox'],
    maxWorkers: 8,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
