import { connect, type Socket } from 'node:net';

interface Waiting {
  readonly sentAt: number;
  resolve(answer: PipelineAnswer): void;
  reject(error: Error): void;
}

export interface PipelineAnswer {
  readonly status: number;
  readonly body: string;
  readonly milliseconds: number;
}

/**
 * One HTTP/1.1 connection with several requests under way (RFC 9112, 9.3.2): they arrive in the order in which they
 * were sent, so what is known at a moment is told before what is asked at that moment.
 */
export class HttpPipeline {
  readonly #url: URL;
  readonly #most: number;
  #socket: Socket | undefined;
  #pending: Buffer = Buffer.alloc(0);
  readonly #waiting: Waiting[] = [];
  readonly #room: (() => void)[] = [];

  constructor(url: string, most: number) {
    this.#url = new URL(url);
    this.#most = most;
  }

  /** Sends a request once there is room for it; the promise within is its answer. */
  async send(path: string, body: string): Promise<{ answer: Promise<PipelineAnswer> }> {
    while (this.#waiting.length >= this.#most) {
      await new Promise<void>((resolve) => {
        this.#room.push(resolve);
      });
    }
    const socket = this.#socket ?? this.#open();
    const head =
      `POST ${path} HTTP/1.1\r\nhost: ${this.#url.host}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n`;
    const answer = new Promise<PipelineAnswer>((resolve, reject) => {
      this.#waiting.push({ sentAt: performance.now(), resolve, reject });
    });
    answer.catch(() => {});
    socket.write(head + body);
    return { answer };
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    const socket = connect(Number(this.#url.port), this.#url.hostname);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('The gateway closed the connection')));
    this.#socket = socket;
    return socket;
  }

  #fail(error: Error): void {
    this.#socket = undefined;
    this.#pending = Buffer.alloc(0);
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    for (const go of this.#room.splice(0)) go();
  }

  #read(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    for (;;) {
      const end = this.#pending.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = this.#pending.toString('latin1', 0, end);
      const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (this.#pending.length < end + 4 + length) return;
      const body = this.#pending.toString('utf8', end + 4, end + 4 + length);
      this.#pending = this.#pending.subarray(end + 4 + length);
      const waiting = this.#waiting.shift();
      waiting?.resolve({ status: Number(head.slice(9, 12)), body, milliseconds: performance.now() - waiting.sentAt });
      this.#room.shift()?.();
    }
  }
}
