import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FrameReader, type Message, type SentTensor } from './frame.ts';

/** What a replica hears of its connection. */
export interface ReplicaLine {
  greeted(socket: Socket): void;
  heard(message: Message, tensors: SentTensor[]): void;
  lost(): void;
}

export interface ReplicaHub {
  readonly socketPath: string;
  /** A secret by which a new process proves whose replica it is. */
  expect(line: ReplicaLine): string;
  forget(token: string): void;
  close(): Promise<void>;
}

/**
 * The unix socket that replicas connect to, in a short folder that only we can enter: socket paths end at 103 bytes.
 */
export async function openReplicaHub(): Promise<ReplicaHub> {
  const folder = mkdtempSync(path.join(tmpdir(), 'fb-'));
  chmodSync(folder, 0o700);
  const socketPath = path.join(folder, 'r');
  const lines = new Map<string, ReplicaLine>();
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    connectReplica(socket, (token) => lines.get(token));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  return {
    socketPath,
    expect: (line) => {
      const token = randomBytes(24).toString('base64url');
      lines.set(token, line);
      return token;
    },
    forget: (token) => void lines.delete(token),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function connectReplica(socket: Socket, lineOf: (token: string) => ReplicaLine | undefined): void {
  const reader = new FrameReader();
  let line: ReplicaLine | undefined;
  const hear = (message: Message, tensors: SentTensor[]): void => {
    if (line !== undefined) {
      line.heard(message, tensors);
      return;
    }
    line = message.t === 'hello' ? lineOf(message.token) : undefined;
    if (line === undefined) socket.destroy();
    else line.greeted(socket);
  };
  socket.on('error', () => undefined);
  socket.once('close', () => line?.lost());
  socket.on('data', (chunk) => {
    try {
      reader.push(chunk, hear);
    } catch {
      socket.destroy();
    }
  });
}
