import { PlatformError } from '@flyball/api';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Changes something on the server, says how that went, and reads again what it touched. */
export function useChange<I, T>(
  change: (input: I) => Promise<T>,
  { done, stale, after }: { done: string; stale: readonly string[]; after?: (result: T) => void },
) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: (result) => {
      notifications.show({ color: 'green', message: done });
      after?.(result);
    },
    onError: (error) =>
      notifications.show({
        color: 'red',
        title: error instanceof PlatformError ? error.code.replaceAll('_', ' ') : 'Failed',
        message: messageOf(error),
        autoClose: 15_000,
      }),
    onSettled: () => {
      for (const key of stale) void queries.invalidateQueries({ queryKey: [key] });
    },
  });
}
