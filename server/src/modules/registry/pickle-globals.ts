/** What importing and calling a name can do: nothing, harm, or who knows. */
export type GlobalVerdict = 'safe' | 'unknown' | 'malicious';

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/).filter((word) => word !== ''));

/** Constructors and rebuilders that only make data. */
const harmlessNames: Readonly<Record<string, ReadonlySet<string>>> = {
  builtins: words('set frozenset dict list tuple int float bool str bytes bytearray complex slice range object'),
  __builtin__: words(
    'set frozenset dict list tuple int long float bool str unicode bytes bytearray complex slice xrange object',
  ),
  collections: words('OrderedDict defaultdict Counter deque'),
  copyreg: words('_reconstructor'),
  copy_reg: words('_reconstructor'),
  _codecs: words('encode'),
  datetime: words('date datetime time timedelta timezone'),
  decimal: words('Decimal'),
  fractions: words('Fraction'),
  uuid: words('UUID'),
  numpy: words('ndarray dtype matrix float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool_'),
  'numpy.core.multiarray': words('_reconstruct scalar'),
  'numpy._core.multiarray': words('_reconstruct scalar'),
  'numpy.core.numeric': words('_frombuffer'),
  'numpy._core.numeric': words('_frombuffer'),
  'numpy.ma.core': words('_mareconstruct MaskedArray'),
  'numpy.random._pickle': words('__randomstate_ctor __generator_ctor __bit_generator_ctor'),
  'numpy.random._mt19937': words('MT19937'),
  'numpy.random._pcg64': words('PCG64 PCG64DXSM'),
  'numpy.random.mtrand': words('RandomState'),
  'numpy.random.bit_generator': words('SeedSequence __pyx_unpickle_SeedSequence'),
  'torch._utils': words('_rebuild_tensor_v2 _rebuild_parameter _rebuild_parameter_with_state _rebuild_qtensor'),
  torch: words(
    `FloatStorage DoubleStorage HalfStorage BFloat16Storage LongStorage IntStorage ShortStorage CharStorage ByteStorage
     BoolStorage Size device float16 float32 float64 bfloat16 int8 int16 int32 int64 uint8 bool Tensor`,
  ),
  'torch.storage': words('_load_from_bytes UntypedStorage TypedStorage'),
  'torch.nn.parameter': words('Parameter'),
  'joblib.numpy_pickle': words('NumpyArrayWrapper'),
  'pandas.core.frame': words('DataFrame'),
  'pandas.core.series': words('Series'),
  'pandas.core.indexes.base': words('Index _new_Index'),
  'pandas.core.indexes.range': words('RangeIndex'),
  'pandas.core.internals.managers': words('BlockManager SingleBlockManager'),
  'pandas._libs.internals': words('_unpickle_block'),
};

// The bytes given to it are a pickle of their own.
const nested = new Set(['torch.storage._load_from_bytes']);

/** Packages whose classes hold parameters and arrays; a function among them has a small first letter. */
const estimators = new RegExp(
  `^(sklearn\\.(_loss|calibration|cluster|compose|covariance|cross_decomposition|decomposition|discriminant_analysis|` +
    `dummy|ensemble|feature_extraction|feature_selection|gaussian_process|impute|isotonic|kernel_approximation|` +
    `kernel_ridge|linear_model|mixture|multiclass|multioutput|naive_bayes|neighbors|neural_network|pipeline|` +
    `preprocessing|random_projection|semi_supervised|svm|tree|utils\\._bunch)|scipy\\.sparse|` +
    `xgboost\\.(sklearn|core)|lightgbm\\.(sklearn|basic))(\\.|$)`,
);
const className = /^(_?[A-Z]\w*|csr_matrix|csc_matrix|coo_matrix|csr_array|csc_array|__pyx_unpickle_[A-Z]\w*)$/;

/** Modules that reach files, processes, the network or the interpreter. */
const harmfulModules = words(
  `os nt posix posixpath ntpath subprocess sys socket ssl runpy pty pickle _pickle dill bdb pdb shutil asyncio
   webbrowser httplib http requests urllib urllib2 urllib3 aiohttp httpx ftplib smtplib telnetlib xmlrpc ctypes
   _ctypes importlib
   imp code codeop commands marshal platform pip pkgutil timeit profile cProfile trace doctest ensurepip venv signal
   multiprocessing threading _thread concurrent tempfile glob fileinput linecache inspect gc atexit site zipimport
   distutils setuptools builtins.__import__ sqlite3 pydoc idlelib lib2to3 test unittest sched select selectors mmap
   resource faulthandler readline rlcompleter cmd getpass nturl2path antigravity this turtle tkinter`,
);

const harmfulNames: Readonly<Record<string, ReadonlySet<string>>> = {
  builtins: words(
    `eval exec compile getattr setattr delattr open __import__ input globals locals vars breakpoint execfile apply
     exit quit help memoryview`,
  ),
  operator: words('attrgetter methodcaller itemgetter call'),
  functools: words('partial partialmethod reduce'),
  types: words('CodeType FunctionType LambdaType MethodType ModuleType'),
  torch: words('load compile'),
  'torch.serialization': words('load'),
  'torch.hub': words('load load_state_dict_from_url'),
  numpy: words('load fromfile memmap'),
  'numpy.testing._private.utils': words('runstring'),
  joblib: words('load'),
  pandas: words('read_pickle eval'),
  io: words('open FileIO open_code'),
  codecs: words('open'),
  logging: words('config'),
  'logging.config': words('listen fileConfig dictConfig'),
};

const aliases: Readonly<Record<string, string>> = {
  __builtin__: 'builtins',
  __builtins__: 'builtins',
  _operator: 'operator',
};

const own = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

function isHarmful(module: string, name: string): boolean {
  const called = own(aliases, module) ?? module;
  const [root = ''] = called.split('.');
  if (harmfulModules.has(called) || harmfulModules.has(root)) return true;
  const [first = ''] = name.split('.');
  return own(harmfulNames, called)?.has(first) === true;
}

/** Judges `module.name`. A dotted name walks from object to object: each part may be a module that it reaches. */
export function judgeGlobal(module: string, name: string): GlobalVerdict {
  if (isHarmful(module, name)) return 'malicious';
  if (name.includes('.')) {
    return name.split('.').some((part) => harmfulModules.has(part) || harmfulNames['builtins']?.has(part))
      ? 'malicious'
      : 'unknown';
  }
  if (own(harmlessNames, module)?.has(name) === true) return nested.has(`${module}.${name}`) ? 'unknown' : 'safe';
  return estimators.test(module) && className.test(name) ? 'safe' : 'unknown';
}
