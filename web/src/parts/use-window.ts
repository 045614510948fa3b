import { type RefObject, useEffect, useState } from 'react';

const SPARE = 10;

export interface Window {
  readonly first: number;
  /** Not included. */
  readonly end: number;
}

/** Which rows of one height are in sight, with some to spare, so that a long table costs as much as a short one. */
export function useWindow(place: RefObject<HTMLElement | null>, count: number, height: number): Window {
  const [window, setWindow] = useState<Window>({ first: 0, end: 60 });
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const look = (): void => {
      // In steps of the spare rows: a scroll by a few pixels draws nothing anew.
      const top = Math.floor(element.scrollTop / height / SPARE) * SPARE;
      const first = Math.max(0, top - SPARE);
      const end = top + Math.ceil(element.clientHeight / height) + 3 * SPARE;
      setWindow((old) => (old.first === first && old.end === end ? old : { first, end }));
    };
    look();
    element.addEventListener('scroll', look, { passive: true });
    const resize = new ResizeObserver(look);
    resize.observe(element);
    return () => {
      element.removeEventListener('scroll', look);
      resize.disconnect();
    };
  }, [place, height]);
  return { first: Math.min(window.first, Math.max(0, count - 1)), end: Math.min(window.end, count) };
}
