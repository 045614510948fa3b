/** A fenced block of a document that a test may use. */
export interface GuideBlock {
  readonly language: string;
  /** The name that the text is saved under, for blocks marked `file=…`. */
  readonly file: string | undefined;
  /** Marked `run`. */
  readonly isRun: boolean;
  readonly text: string;
}

const fence = /^```(\S*)[ \t]*(.*)\n([\s\S]*?)^```$/gm;

/** The fenced blocks of a document, in order. */
export function guideBlocks(markdown: string): GuideBlock[] {
  return [...markdown.matchAll(fence)].map(([, language = '', marks = '', text = '']) => ({
    language,
    file: /(?:^| )file=(\S+)/.exec(marks)?.[1],
    isRun: /(?:^| )run(?: |$)/.test(marks),
    text,
  }));
}

/** The targets of links to files and headings; not those in code, and not those that leave the repository. */
export function linksOf(markdown: string): string[] {
  const prose = markdown.replace(fence, '').replace(/`[^`\n]*`/g, 'code');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

/** The anchors of a document's headings, as GitHub makes them. */
export function anchorsOf(markdown: string): string[] {
  return [...markdown.replace(fence, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
