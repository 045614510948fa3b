import type { ModelVersion } from '@flyball/api';
import { readOnnxMetadata } from '@flyball/stats/learn';

type Scan = ModelVersion['scan'];
type Finding = Scan['findings'][number];

export interface ScannedFile {
  readonly path: string;
  bytes(): Promise<Uint8Array>;
}

const texts = /(^|\/)(MLmodel|[^/]+\.(json|ya?ml|txt|md|csv|toml))$/i;

function scanOnnx(path: string, bytes: Uint8Array): Finding {
  try {
    readOnnxMetadata(bytes);
    return { path, verdict: 'safe', message: 'An ONNX graph: operators only, no code' };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { path, verdict: 'invalid', message: `Says it is ONNX and is not: ${reason}` };
  }
}

function scanText(path: string, bytes: Uint8Array): Finding {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { path, verdict: 'safe', message: 'Plain text' };
  } catch {
    return { path, verdict: 'invalid', message: 'Says it is text and is not' };
  }
}

async function scanFile({ path, bytes }: ScannedFile): Promise<Finding> {
  if (path.endsWith('.onnx')) return scanOnnx(path, await bytes());
  if (texts.test(path)) return scanText(path, await bytes());
  return { path, verdict: 'unknown', message: 'Not a kind of file that can be judged without running it' };
}

const severity = ['malicious', 'invalid', 'unknown', 'safe'] as const;

/**
 * Judges the files of a version without executing or unpickling anything: what is not known to be harmless is not
 * safe.
 */
export async function scanModelFiles(files: readonly ScannedFile[]): Promise<Scan> {
  const findings: Finding[] = [];
  for (const file of files) findings.push(await scanFile(file));
  const verdict = severity.find((one) => findings.some((finding) => finding.verdict === one)) ?? 'safe';
  return { verdict, findings };
}
