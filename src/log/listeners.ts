/** Listeners of one kind. One that throws does not keep the others from hearing; its error surfaces as uncaught. */
export class Listeners<Message> {
  #listeners: readonly ((message: Message) => void)[] = [];

  add(listener: (message: Message) => void): () => void {
    const own = (message: Message): void => listener(message);
    this.#listeners = [...this.#listeners, own];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== own);
    };
  }

  tell(message: Message): void {
    for (const listener of this.#listeners) {
      try {
        listener(message);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  clear(): void {
    this.#listeners = [];
  }
}
