/**
 * Why a start came to nothing, where a person can put it right: told as it is, without a stack.
 */
export class StartError extends Error {
  override readonly name = "StartError";
}
