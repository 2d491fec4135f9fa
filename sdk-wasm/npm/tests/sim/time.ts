/** Virtual time: what is to happen, in the order of its moment. No clock of the machine is read, and nothing waits. */

/** What happens at a moment; without `run` it was called off. */
export interface Moment {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;
}

const isBefore = (a: Moment, b: Moment): boolean => a.at < b.at || (a.at == b.at && a.order < b.order);

/** Milliseconds since the world began. */
export class Time {
  now = 0;
  #count = 0;
  /** A binary heap. */
  readonly #heap: Moment[] = [];

  /** At that moment, or now when it is over; what is due at the same moment keeps its order. */
  at(at: number, run: () => void): Moment {
    const moment = { at: Math.max(at, this.now), order: this.#count++, run };
    const heap = this.#heap;
    let place = heap.push(moment) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(moment, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = moment;
    return moment;
  }

  in(ms: number, run: () => void): Moment {
    return this.at(this.now + ms, run);
  }

  /** Goes to the next moment and returns it. */
  next(): Moment | undefined {
    for (let first = this.#take(); first; first = this.#take()) {
      if (!first.run) continue;
      this.now = first.at;
      return first;
    }
    return undefined;
  }

  #take(): Moment | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!last || last == first) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (child >= heap.length || !isBefore(heap[child]!, last)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
    return first;
  }
}
