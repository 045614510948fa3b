import { useNavigate, useSearch } from '@tanstack/react-router';

interface PagingSearch {
  readonly search?: string;
  /** Page tokens from the first page to this one. */
  readonly pages?: string[];
}

/** Search and page, kept in the address so that it can be shared and the back button works. */
export function usePaging() {
  const { search, pages = [] }: PagingSearch = useSearch({ strict: false });
  const navigate = useNavigate();
  const go = (to: PagingSearch): void => {
    void navigate({ to: '.', search: (old: PagingSearch) => ({ ...old, ...to }), replace: true });
  };
  const pageToken = pages.at(-1);
  return {
    search,
    query: {
      ...(search === undefined || search === '' ? {} : { search }),
      ...(pageToken === undefined ? {} : { pageToken }),
    },
    table: (nextPageToken: string | undefined) => ({
      search: search ?? '',
      onSearch: (text: string) => go({ search: text, pages: [] }),
      next: nextPageToken === undefined ? undefined : () => go({ pages: [...pages, nextPageToken] }),
      previous: pages.length === 0 ? undefined : () => go({ pages: pages.slice(0, -1) }),
    }),
  };
}
