/** Who comes alone is logged at once; who comes behind, until a later turn, is logged with the others. */
import { expect, test } from "vitest";
import type { AppendRequest, AppendResult } from "../../../../src/engine/log/records.ts";
import { AppendGroups } from "../../../../src/host/partition/append-groups.ts";
import { LaterTurns } from "../../../../src/host/partition/later-turns.ts";

function harness() {
  const turns: (() => void)[] = [];
  const logged: number[][] = [];
  let failure: Error | undefined;
  const groups = new AppendGroups(new LaterTurns((turn) => turns.push(turn)), (each) => {
    if (failure) return each.failed(failure);
    logged.push(each.requests.map(({ deadline }) => deadline));
    each.logged(each.requests.map(({ deadline }) => ({ status: "logged", offset: deadline })));
  });
  return {
    ...{ turns, logged },
    group: {
      append: (requests: readonly AppendRequest[]) =>
        groups.append(
          requests,
          requests.some(({ link }) => link),
        ),
    },
    turn: () => turns.shift()?.(),
    fail: (error: Error) => {
      failure = error;
    },
  };
}

/** Told apart by its deadline. */
function request(deadline: number, isChannel = false): AppendRequest {
  return { deadline, ...(isChannel && { link: {} }) } as unknown as AppendRequest;
}

const offsetsOf = (results: readonly AppendResult[]) =>
  results.map((result) => (result.status === "refused" ? "refused" : result.offset));

test("the first is logged at once, those behind it in the next turn, each with its own answer", async () => {
  const { group, logged, turn, turns } = harness();
  const answers = [group.append([request(1)]), group.append([request(2), request(3)])];
  answers.push(group.append([request(4)]));
  expect(logged).toEqual([[1]]);
  expect(turns).toHaveLength(1);
  turn();
  expect(logged).toEqual([[1], [2, 3, 4]]);
  expect((await Promise.all(answers)).map(offsetsOf)).toEqual([[1], [2, 3], [4]]);
});

test("while some come in each turn they gather; behind a turn without any the next is first", async () => {
  const { group, logged, turn, turns } = harness();
  void group.append([request(1)]);
  void group.append([request(2)]);
  turn();
  void group.append([request(3)]);
  expect(logged).toEqual([[1], [2]]);
  turn();
  turn();
  expect(turns).toHaveLength(0);
  void group.append([request(4)]);
  expect(logged).toEqual([[1], [2], [3], [4]]);
});

test("what another stage sends waits for no turn and takes along what has gathered", () => {
  const { group, logged, turn } = harness();
  void group.append([request(1)]);
  void group.append([request(2)]);
  void group.append([request(3, true)]);
  expect(logged).toEqual([[1], [2, 3]]);
  turn();
  expect(logged).toHaveLength(2);
});

test("where a group fails, all of it does, and no later one", async () => {
  const { group, fail, turn } = harness();
  await group.append([request(1)]);
  fail(new Error("the disk broke"));
  const answers = [group.append([request(2)]), group.append([request(3)])];
  turn();
  for (const answer of answers) await expect(answer).rejects.toThrow("the disk broke");
});
