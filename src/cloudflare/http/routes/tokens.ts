/**
 * Access tokens: made, listed, rotated and revoked by administrators. A token's text is told once.
 */
import {
  accessTokenAnswerSchema,
  accessTokenBodySchema,
  newAccessTokenAnswerSchema,
  readAccessTokenBody,
  readRotationBody,
  rotationBodySchema,
} from "../../../protocol/access-token.ts";
import { listSchema } from "../../../protocol/answer-schemas.ts";
import { drawToken, formatTokenText, hashOf } from "../../access/token-text.ts";
import { isolate } from "../../isolate.ts";
import { answer, gone, listed } from "../answer.ts";
import { jsonBody } from "../json-body.ts";
import { json, jsonOf, resource, route } from "../route.ts";

export const tokens = resource("Tokens", "Who may call, and what for.", [
  route(
    {
      method: "get",
      path: "/v1/tokens",
      scope: "admin",
      summary: "List the tokens",
      answers: { 200: json("All tokens, the oldest first.", listSchema("tokens", accessTokenAnswerSchema)) },
      problems: ["PARTITION_UNAVAILABLE"],
    },
    async ({ serving }) => listed("tokens", await serving.coordinator((rpc) => rpc.accessTokens())),
  ),
  route(
    {
      method: "post",
      path: "/v1/tokens",
      scope: "admin",
      summary: "Make a token",
      description: "The answer holds the token, which is never told again.",
      body: jsonOf(accessTokenBodySchema),
      answers: {
        201: {
          ...json("It is good at once.", newAccessTokenAnswerSchema),
          headers: { Location: "Its address." },
        },
      },
      problems: ["TOKEN_INVALID", "LIMIT_REACHED", "PARTITION_UNAVAILABLE"],
    },
    async ({ request, serving }) => {
      const wish = readAccessTokenBody(await jsonBody(request));
      const text = drawToken();
      const hash = await hashOf(text.secret);
      const made = await serving.coordinator((rpc) => rpc.createAccessToken(text.id, hash, wish));
      if (!made.ok) return answer(made);
      const headers = { location: `/v1/tokens/${text.id}` };
      return told({ ...made.value, token: formatTokenText(text) }, 201, headers);
    },
  ),
  route(
    {
      method: "get",
      path: "/v1/tokens/{id}",
      scope: "admin",
      summary: "Look at a token",
      answers: { 200: json("The token.", accessTokenAnswerSchema) },
      problems: ["TOKEN_NOT_FOUND", "PARTITION_UNAVAILABLE"],
    },
    async ({ serving, path }) => answer(await serving.coordinator((rpc) => rpc.accessToken(path.id))),
  ),
  route(
    {
      method: "post",
      path: "/v1/tokens/{id}/rotate",
      scope: "admin",
      summary: "Give a token another text",
      description:
        "Its id stays, and with it its producers. The old text is good for `grace` more, by default not at " +
        "all. `expiresIn` sets its end anew.",
      body: jsonOf(rotationBodySchema, { isOptional: true }),
      answers: { 200: json("With its new text.", newAccessTokenAnswerSchema) },
      problems: ["TOKEN_INVALID", "TOKEN_NOT_FOUND", "PARTITION_UNAVAILABLE"],
    },
    async ({ request, serving, path }) => {
      const wish = readRotationBody(request.body !== null ? await jsonBody(request) : {});
      const text = drawToken(path.id);
      const hash = await hashOf(text.secret);
      const rotated = await serving.coordinator((rpc) => rpc.rotateAccessToken(path.id, hash, wish));
      isolate.knownTokens.forget(path.id);
      return rotated.ok ? told({ ...rotated.value, token: formatTokenText(text) }, 200) : answer(rotated);
    },
  ),
  route(
    {
      method: "delete",
      path: "/v1/tokens/{id}",
      scope: "admin",
      summary: "Revoke a token",
      answers: { 204: { description: "It is gone, everywhere within ten seconds." } },
      problems: ["TOKEN_NOT_FOUND", "PARTITION_UNAVAILABLE"],
    },
    async ({ serving, path }) => {
      const deleted = await serving.coordinator((rpc) => rpc.deleteAccessToken(path.id));
      isolate.knownTokens.forget(path.id);
      return gone(deleted);
    },
  ),
]);

/** An answer with a token: nothing on the way may keep it. */
function told(body: object, status: number, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json(body, { status, headers: { ...headers, "cache-control": "no-store" } });
}
