import { useNavigate, useSearch } from '@tanstack/react-router';

/** What the address says after its question mark, and how to change a part of it. */
export function useAddress<T extends object>(): readonly [T, (change: { [K in keyof T]?: T[K] | undefined }) => void] {
  const search = useSearch({ strict: false }) as T;
  const navigate = useNavigate();
  return [
    search,
    (change) => void navigate({ to: '.', search: (old: object) => ({ ...old, ...change }), replace: true }),
  ];
}
