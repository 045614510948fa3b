import { Typography } from '@mantine/core';
import MarkdownText from 'markdown-to-jsx/react';
import type { ReactNode } from 'react';

const isWeb = (address: string | undefined): boolean => /^(https?:|mailto:)/i.test(address ?? '');

/** Only where a browser may go by itself: no scripts, no data, nothing of this server. */
function OutsideLink({ href, children }: { href?: string; children?: ReactNode }) {
  if (!isWeb(href)) return <>{children}</>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

/** Pictures elsewhere would tell others who reads this. */
function PictureLink({ src, alt }: { src?: string; alt?: string }) {
  return (
    <OutsideLink {...(src === undefined ? {} : { href: src })}>
      {alt === undefined || alt === '' ? src : alt}
    </OutsideLink>
  );
}

const options = {
  disableParsingRawHTML: true,
  forceBlock: true,
  overrides: { a: OutsideLink, img: PictureLink },
} as const;

/** Markdown as people wrote it; HTML in it is shown as text. */
export function Markdown({ text }: { text: string }) {
  return (
    <Typography fz="sm" style={{ overflowWrap: 'anywhere' }}>
      <MarkdownText options={options}>{text}</MarkdownText>
    </Typography>
  );
}
