/**
 * Access tokens over HTTP: what `POST /v1/tokens` and `…/rotate` take, and what is told of a token. Its text
 * is told once, when it is made.
 */
import * as z from "zod";
import { accessTokenScopesMax } from "../base/limits.ts";
import { durationSchema } from "./duration.ts";
import { fields, readBody } from "./read-body.ts";
import { isScope, type Scope } from "./scopes.ts";

const dayMs = 86_400_000;

/** What a token may use up, in each isolate by itself. */
export interface AccessRate {
  readonly requestsPerSecond?: number | undefined;
  /** Of request bodies as they are sent, packed or not. */
  readonly bytesPerSecond?: number | undefined;
}

const scopeSchema = z.custom<Scope>(
  (value) => typeof value === "string" && isScope(value),
  'expected "admin", "metrics", "ingest:<stream>" or "query:<view>"; a name may end in *',
);

const expiresIn = durationSchema({ min: 1000, max: 3650 * dayMs });

/** The scope is a text to who reads the API's description. */
const describedScopeSchema = z.string().pipe(scopeSchema).meta({ description: "See docs/operations.md." });

export const accessTokenBodySchema = fields(
  {
    name: z.string().regex(/^[^\p{C}]{1,128}$/u, "expected 1 to 128 characters without control characters"),
    scopes: z.array(describedScopeSchema).min(1).max(accessTokenScopesMax),
    expiresIn: expiresIn.optional(),
    rate: fields({
      requestsPerSecond: z.number().min(0.01).max(1_000_000).optional(),
      bytesPerSecond: z.number().min(1).max(1e12).optional(),
    }).optional(),
  },
  '{ "name": "sensors", "scopes": ["ingest:clicks"] }',
);

export const rotationBodySchema = fields({
  grace: durationSchema({ max: 30 * dayMs }).default(0),
  expiresIn: expiresIn.optional(),
});

/** What `POST /v1/tokens` takes. */
export type AccessTokenBody = z.input<typeof accessTokenBodySchema>;

/** A token that is to be made, durations in ms. */
export type AccessTokenWish = z.output<typeof accessTokenBodySchema>;

/** What `POST /v1/tokens/{id}/rotate` takes: for how long the old text stays valid, and when the new ends. */
export type RotationBody = z.input<typeof rotationBodySchema>;

export type RotationWish = z.output<typeof rotationBodySchema>;

/** Throws TOKEN_INVALID naming the place. */
export function readAccessTokenBody(body: unknown): AccessTokenWish {
  return readBody(accessTokenBodySchema, body, "TOKEN_INVALID");
}

/** Throws TOKEN_INVALID naming the place. */
export function readRotationBody(body: unknown): RotationWish {
  return readBody(rotationBodySchema, body, "TOKEN_INVALID");
}

const time = z.string().meta({ format: "date-time" });

/** A token as it is listed. */
export const accessTokenAnswerSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(z.string()),
    createdAt: time,
    expiresAt: time.optional(),
    rotatedAt: time.optional(),
    previousValidUntil: time
      .optional()
      .meta({ description: "Until when the text before a rotation is taken." }),
    rate: z
      .object({ requestsPerSecond: z.number().optional(), bytesPerSecond: z.number().optional() })
      .optional(),
  })
  .meta({ id: "AccessToken" });

export type AccessTokenAnswer = z.output<typeof accessTokenAnswerSchema>;

/** With its text, which is never told again. */
export const newAccessTokenAnswerSchema = accessTokenAnswerSchema
  .extend({ token: z.string().meta({ description: "What a request bears. It is told this once." }) })
  .meta({ id: "NewAccessToken" });

export type NewAccessTokenAnswer = z.output<typeof newAccessTokenAnswerSchema>;
