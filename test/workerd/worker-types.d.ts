/** Gives `exports` and `env` of cloudflare:workers the types of this Worker. */
declare namespace Cloudflare {
  interface GlobalProps {
    mainModule: typeof import("../../src/cloudflare/worker.ts");
  }
}
