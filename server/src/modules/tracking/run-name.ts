import { randomInt } from 'node:crypto';

const adjectives = (
  'able agile amber brave bright brisk calm candid clever cosy crisp curious daring dapper eager early earnest fair ' +
  'fleet fond frank fresh gentle glad golden handy happy hardy honest humble jolly keen kind lively loyal lucid lucky ' +
  'mellow merry mild neat nimble noble patient placid plucky polite proud quick quiet rapid ready silent silver smart ' +
  'snug sober spry steady sunny sure swift tidy tranquil trusty upbeat valiant vivid warm wise witty zesty'
).split(' ');

const nouns = (
  'alder asp badger beaver birch bison cedar condor crane curlew dace deer dove eagle egret elk elm falcon fern finch ' +
  'fox gannet gecko goose hare hawk hazel heron ibex ibis jackal jay kestrel kite lark larch lemur linnet lynx magpie ' +
  'maple marten merlin mole moose newt oak osprey otter owl panda perch pike pine plover puffin quail raven robin ' +
  'rowan salmon seal shrew snipe sparrow spruce stork swan swift tern thrush trout vole willow wolf wren yew'
).split(' ');

const pick = (words: readonly string[]): string => words[randomInt(words.length)]!;

/** A name for a run whose caller gave none. */
export const randomRunName = (): string => `${pick(adjectives)}-${pick(nouns)}-${randomInt(100, 1000)}`;
