import type { Role } from '@flyball/api';
import { type Command, Option } from 'commander';
import { print, printTable } from '../output.ts';
import { sessionOf } from '../session.ts';

interface CreateOptions {
  readonly role: Role;
  readonly inProject?: string;
  readonly days?: string;
}

/** `token …` */
export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('API tokens');
  token.command('list').action(async (_options: unknown, command: Command) => {
    const session = sessionOf(command);
    session.answer((await session.flyball.listTokens()).items, (items) =>
      printTable(items, {
        id: (row) => row.id,
        name: (row) => row.name,
        project: (row) => row.project ?? 'all',
        role: (row) => row.role,
        expires: (row) => row.expiresAt,
        revoked: (row) => row.revokedAt,
      }),
    );
  });
  token
    .command('create')
    .description('create a token; its secret is shown once')
    .argument('<name>')
    .addOption(
      new Option('--role <role>').choices(['viewer', 'contributor', 'approver', 'admin']).makeOptionMandatory(),
    )
    .option('--in-project <project>', 'only for this project')
    .option('--days <number>', 'expires after so many days')
    .action(async (name: string, options: CreateOptions, command: Command) => {
      const session = sessionOf(command);
      const created = await session.flyball.createToken({
        body: {
          name,
          role: options.role,
          ...(options.inProject === undefined ? {} : { project: options.inProject }),
          ...(options.days === undefined ? {} : { expiresInDays: Number(options.days) }),
        },
      });
      session.answer(created, ({ secret }) => print(secret));
    });
  token
    .command('revoke')
    .argument('<id>')
    .action(async (id: string, _options: unknown, command: Command) => {
      const session = sessionOf(command);
      session.answer(await session.flyball.revokeToken({ params: { token: id } }), () => print('revoked'));
    });
}
