/** Sessions of a model, opened when they are first needed and closed together. */
import type { Engine, EngineSession } from "./engine.ts";
import type { Graph } from "./onnx/types.ts";

export interface Sessions {
  /** The session of a name; `build` is called the first time. */
  open(name: string, build: () => Graph): Promise<EngineSession>;
  /** Closes what is open; a session that is needed again is opened again. */
  release(): Promise<void>;
  close(): Promise<void>;
}

/** Starts with no session open. */
export function lazySessions(engine: Engine): Sessions {
  const opened = new Map<string, Promise<EngineSession>>();
  let isClosed = false;
  async function release(): Promise<void> {
    const sessions = await Promise.allSettled(opened.values());
    opened.clear();
    for (const result of sessions) if (result.status === "fulfilled") await result.value.close();
  }
  return {
    open(name, build) {
      if (isClosed) throw new Error(`Cannot open graph ${name}: the model was closed`);
      const known = opened.get(name);
      if (known !== undefined) return known;
      const opening = engine.open(build());
      opened.set(name, opening);
      return opening;
    },
    release,
    async close() {
      isClosed = true;
      await release();
    },
  };
}
