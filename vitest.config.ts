/**
 * Two test projects: `node` for everything that needs no platform, `workerd` for what does.
 *
 * The workerd tests run inside the Worker of wrangler.toml, with its Durable Objects on SQLite.
 */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const registeredInTests = fileURLToPath(new URL("test/workerd/registered-functions.ts", import.meta.url));

/** In milliseconds; for a machine that has other work as well. */
const testTimeout = 20_000;

export default defineConfig({
  test: {
    // By default one core is left idle: of two cores that is half of them.
    maxWorkers: availableParallelism(),
    projects: [
      {
        test: {
          name: "node",
          environment: "node",
          testTimeout,
          include: ["test/**/*.test.ts"],
          exclude: ["test/workerd/**", "node_modules/**"],
        },
      },
      {
        resolve: { alias: [{ find: /^.*\/functions\/registered\.ts$/, replacement: registeredInTests }] },
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            // As in a local start; tests of the token call the Worker with variables of their own.
            miniflare: { bindings: { MILLRACE_LOCAL: "1" } },
          }),
        ],
        test: {
          name: "workerd",
          testTimeout,
          include: ["test/workerd/**/*.test.ts"],
        },
      },
    ],
  },
});
