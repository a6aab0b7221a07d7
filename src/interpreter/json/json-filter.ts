/**
 * Filters of paths: `[?(@.price < 10 && @.title =~ /.*x.*\/i)]`.
 *
 * Numbers and texts are compared with one another as texts, but for `==`, where they are the same number.
 */
import {
  compareJsonNumbers,
  isJsonArray,
  isJsonNumber,
  isJsonObject,
  type JsonArray,
  type JsonNode,
} from "./json-node.ts";
import type { JsonFilter, JsonOperand, JsonPath } from "./json-path.ts";

/** How a filter looks at the document. */
export interface FilterView {
  /** Undefined where there is nothing, which is equal to nothing. */
  readonly valueOf: (operand: JsonOperand) => JsonNode | undefined;
  readonly exists: (path: JsonPath) => boolean;
}

export function isFilterTrue(filter: JsonFilter, view: FilterView): boolean {
  switch (filter.test) {
    case "and":
      return filter.parts.every((part) => isFilterTrue(part, view));
    case "or":
      return filter.parts.some((part) => isFilterTrue(part, view));
    case "not":
      return !isFilterTrue(filter.part, view);
    case "exists":
      return view.exists(filter.path);
    case "compare": {
      if (filter.operator === "=~") return matches(filter.left, filter.right, view);
      const [left, right] = [view.valueOf(filter.left), view.valueOf(filter.right)];
      return compares(filter.operator, left, right);
    }
  }
}

type Operand = JsonNode | undefined;

function compares(operator: string, left: Operand, right: Operand): boolean {
  switch (operator) {
    case "==":
      return isSame(left, right);
    case "!=":
      return !isSame(left, right);
    case "===":
      return isSameKind(left, right) && isSame(left, right);
    case "!==":
      return !(isSameKind(left, right) && isSame(left, right));
    case "<":
      return isInOrder(left, right, (order) => order < 0);
    case "<=":
      return isInOrder(left, right, (order) => order <= 0);
    case ">":
      return isInOrder(left, right, (order) => order > 0);
    case ">=":
      return isInOrder(left, right, (order) => order >= 0);
    case "in":
      return contains(right, left);
    case "nin":
      return !contains(right, left);
    case "contains":
      if (typeof left === "string" && typeof right === "string") return left.includes(right);
      return contains(left, right);
    case "size":
      return sizeOf(left) === (isNumber(right) ? Number(right.number) : undefined);
    case "empty":
      return sizeOf(left) !== undefined && (sizeOf(left) === 0) === (right === true);
    default:
      return comparesLists(operator, left, right);
  }
}

function comparesLists(operator: string, left: Operand, right: Operand): boolean {
  if (!isList(left) || !isList(right)) return operator === "noneof";
  switch (operator) {
    case "all":
      return right.every((each) => contains(left, each));
    case "subsetof":
      return left.every((each) => contains(right, each));
    case "anyof":
      return left.some((each) => contains(right, each));
    default:
      return !left.some((each) => contains(right, each));
  }
}

function isList(node: Operand): node is JsonArray {
  return node !== undefined && isJsonArray(node);
}

function isNumber(node: Operand): node is Extract<JsonNode, { number: string }> {
  return node !== undefined && isJsonNumber(node);
}

function isSame(one: Operand, other: Operand): boolean {
  if (one === undefined || other === undefined) return false;
  if (isNumber(one) && isNumber(other)) return compareJsonNumbers(one, other) === 0;
  if (isNumber(one) && typeof other === "string") return isSameNumber(other, one);
  if (isNumber(other) && typeof one === "string") return one === other.number;
  if (isJsonArray(one) && isJsonArray(other)) {
    return one.length === other.length && one.every((each, index) => isSame(each, other[index]));
  }
  if (isJsonObject(one) && isJsonObject(other)) {
    return one.size === other.size && [...one].every(([key, each]) => isSame(each, other.get(key)));
  }
  return one === other;
}

function isSameNumber(text: string, number: Extract<JsonNode, { number: string }>): boolean {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return false;
  return compareJsonNumbers({ number: text }, number) === 0;
}

function isSameKind(one: Operand, other: Operand): boolean {
  return kindOf(one) === kindOf(other);
}

function kindOf(node: Operand): string {
  if (node === null || node === undefined) return String(node);
  if (isJsonNumber(node)) return "number";
  return typeof node;
}

function isInOrder(left: Operand, right: Operand, holds: (order: number) => boolean): boolean {
  if (isNumber(left) && isNumber(right)) return holds(compareJsonNumbers(left, right));
  const [one, other] = [left, right].map((each) => (isNumber(each) ? each.number : each));
  if (typeof one !== "string" || typeof other !== "string") return false;
  return holds(one < other ? -1 : Number(one > other));
}

function contains(list: Operand, sought: Operand): boolean {
  return isList(list) && list.some((each) => isSame(each, sought));
}

function sizeOf(node: Operand): number | undefined {
  if (typeof node === "string" || isList(node)) return node.length;
  return node !== undefined && isJsonObject(node) ? node.size : undefined;
}

/** A pattern on one side; a list on the other has a text that matches. */
function matches(left: JsonOperand, right: JsonOperand, view: FilterView): boolean {
  const pattern = "pattern" in left ? left.pattern : "pattern" in right ? right.pattern : undefined;
  if (!pattern) return false;
  const value = view.valueOf("pattern" in left ? right : left);
  const texts = isList(value) ? value : [value];
  return texts.some((each) => pattern.test(textOf(each)));
}

function textOf(node: Operand): string {
  if (isNumber(node)) return node.number;
  return typeof node === "string" || typeof node === "boolean" ? String(node) : "";
}
