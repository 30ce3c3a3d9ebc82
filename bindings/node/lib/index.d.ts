/**
 * Stream any amount of data from any source, through any transforms, into any store: in bounded memory, and with a proof at
 * the end.
 *
 * ```js
 * import { copy, upload, createReadStream, createWriteStream, pipe, file, lines, filter, to } from 'weir'
 *
 * await copy('big.csv', 's3://bucket/big.csv.zst', { through: 'zstd level=3' })
 * const job = pipe(file('log.txt'), lines(), filter((line) => line.includes('ERROR')), to('errors.txt')).start()
 * await job.result()
 * ```
 *
 * @module
 */
/// <reference types="node" />
import { Duplex, Readable, Writable } from 'node:stream'
import { ReadableStream, WritableStream } from 'node:stream/web'

/** What names a file or an object: as people type it (`s3://bucket/key`, `PATH`), a `file:` URL, or bytes that are no UTF-8. */
export type Name = string | URL | Buffer

/** Memory that holds bytes. */
export type Bytes = ArrayBufferView | ArrayBuffer

/** Of the library: `"0.1.0"`. */
export const version: string
/** The places and stages that this build of the library knows. */
export const features: readonly string[]

// ---- Errors

/** What may be done about an error. */
export const Retry: {
  readonly NEVER: 0
  /** The same call may work in a moment. */
  readonly TRANSIENT: 1
  /** As transient, and slow down. */
  readonly THROTTLED: 2
  /** Fetch credentials anew, then the same call. */
  readonly CREDENTIALS: 3
  /** Correct the clock, then the same call. */
  readonly CLOCK: 4
}

/** What went wrong, in full. Decide by `code` or `kind` and by `retry`, never by the text. */
export class WeirError extends Error {
  constructor(message: string, fields?: Partial<Omit<WeirError, 'message' | 'name' | 'stack' | 'code'>>)
  /** As Node's own errors have it where one fits (`"ENOENT"`), else `"ERR_WEIR_..."`. */
  readonly code: string
  /** `"not_found"`, `"access_denied"`, `"corrupt"`, `"cancelled"`, ... Expect some that you do not know. */
  readonly kind: string
  /** One of {@link Retry}. */
  readonly retry: number
  /** 0: no HTTP answer was seen. */
  readonly httpStatus: number
  /** Into the stream, file or object, in bytes. */
  readonly offset: number | null
  /** As the service asked. */
  readonly retryAfterMs: number | null
  /** Of the kind `"budget_too_small"`: what would fit. */
  readonly neededBytes: number
  /** Of an unfinished upload at the store: the same call goes on with it. */
  readonly keptBytes: number
  /** Completes "cannot ...". */
  readonly operation: string
  /** In the words of whoever refused. `cause` is what a stage in JavaScript has thrown. */
  readonly reason: string
  /** What is safe, and what to do next. */
  readonly advice: string
  /** Of the pipeline. */
  readonly stage: string
  /** `"ExpiredToken"`. */
  readonly serviceCode: string
  /** The service's id of the request. */
  readonly requestId: string
  /** Of the kind `"incomplete"`, of `copyMany()`. */
  readonly summary?: Summary
  /** The first of the items that failed. */
  readonly failures?: readonly Item[]
}

// ---- Contexts

/** Keys of S3. */
export interface Credentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string | null
}

/** What jobs of one context share. */
export interface ContextOptions {
  /** That compute; else the pool that all of the process shares. */
  threads?: number
  /** Memory of each job that does not say otherwise; else 64 MiB. At least 8 MiB. */
  budgetBytes?: number | bigint
  /** Uploads and downloads are recorded, and the same call goes on with one that was killed, suspended or failed. */
  ledger?: boolean
  /** Where the ledger is; else `weir/` in `$XDG_STATE_HOME`, else `~/.local/state`. */
  stateDir?: Name
  /** S3 without keys, for what anyone may do. */
  noSignRequest?: boolean
  /** Asked at each attempt of each request. `refused`: the store said that those given last have expired. */
  credentials?: (refused: boolean) => Credentials | undefined | PromiseLike<Credentials | undefined>
  /** What a user should know and no error says, a line at a time; else `NODE_DEBUG=weir` shows it. */
  logger?: (line: string) => void
  /** From the environment, then from the profile, if not given; so are the next two. */
  s3EndpointUrl?: string
  s3Region?: string
  awsProfile?: string
  /** A file or directory of certificates. */
  caBundle?: Name
  /** Over the network, of all its jobs together, in each direction. */
  bytesPerSecond?: number | bigint
}

/** Jobs of one context share connections, keys, threads, limits and the ledger. Sends nothing by itself. */
export class Context {
  constructor(options?: ContextOptions)
  /** Its jobs go on. */
  close(): void
}
/** The one that calls without a context share. Made when first needed. */
export function defaultContext(): Context
/** What calls without a context use from now on; `undefined`: a new one when next needed. */
export function setDefaultContext(context: Context | undefined): void

// ---- Jobs

/** A snapshot. Read, sent, confirmed and durable are four numbers, of bytes. */
export interface Progress {
  readonly state: 'running' | 'paused' | 'stopping' | 'done' | 'failed'
  /** How far it is, of `bytesTotal`. */
  readonly bytesDone: number
  readonly bytesTotal: number | null
  /** By the source. */
  readonly bytesRead: number
  /** Over the network, repeats included. */
  readonly bytesReceived: number
  /** By the sink, repeats included. */
  readonly bytesSent: number
  /** The destination said that it has them. */
  readonly bytesConfirmed: number
  /** Of those, what survives a loss of power. */
  readonly bytesDurable: number
  /** Of those confirmed: sent by an earlier run. */
  readonly bytesResumed: number
  readonly elapsedSeconds: number
  readonly memoryBytes: number
  readonly memoryLimitBytes: number
  readonly bytesPerSecond: number
  readonly etaSeconds: number | null
  /** For how long nothing has moved. */
  readonly stalledSeconds: number
  readonly partsDone: number
  readonly partsInFlight: number
  readonly concurrency: number
  readonly retries: number
  /** Name of the stage that sets the speed. */
  readonly limitedBy: string
}

/** The proof of a finished job. */
export interface Receipt {
  /** The store's own checksum was compared with ours and is equal. */
  readonly checksumVerified: boolean
  /** That the source delivered, in this run. */
  readonly bytesRead: number
  /** That the sink acknowledged. */
  readonly bytesAcked: number
  /** That the store reports for the finished object. */
  readonly bytesStored: number
  /** Of `bytesAcked`: an earlier run had sent them. */
  readonly bytesResumed: number
  /** Of `bytesResumed`: nobody even made them again. */
  readonly bytesSkipped: number
  readonly durationSeconds: number
  readonly parts: number
  readonly retries: number
  /** Without secrets. */
  readonly destination: string
  readonly etag: string
  /** `"crc64nvme:rosUhgp5mIg="`: ours. */
  readonly checksum: string
  /** What stages found out: `sha256` and its hex digits. */
  readonly facts: Readonly<Record<string, string>>
}

/** What a job may be told. */
export interface JobOptions {
  /** What it shares with other jobs; else the default one. */
  context?: Context
  /** A destination that is there stays: `EEXIST`. */
  noClobber?: boolean
  /** Memory that the job may hold. */
  budgetBytes?: number | bigint
  /** What an object is stored with; else by its suffix. */
  contentType?: string
  /** Of the object. */
  metadata?: Readonly<Record<string, string>>
  /** Of uploads; else chosen. */
  partBytes?: number | bigint
  /** Parts or ranges under way at once; else it adapts. */
  concurrency?: number
  /** Does not go on with an earlier run, and removes what that has sent. */
  beginAnew?: boolean
  /** The etag that what is read must have: `source_changed` otherwise. */
  readEtag?: string
  /** Where reading begins, in bytes. */
  readOffset?: number | bigint
  /** How much is read; else to the end. */
  readBytes?: number | bigint
}

/** Stops it: what was begun is removed, or safe with a ledger, when the call rejects with the signal's reason. */
export interface Abortable {
  signal?: AbortSignal
}

/** Options of what is watched on its way, and may be stopped. */
export interface RunOptions extends JobOptions, Abortable {
  /** About ten times a second, and at the end. What it throws stops the job. */
  onProgress?: (progress: Progress) => void
}

/** Options of copies. */
export interface CopyOptions extends RunOptions {
  /** Stages between source and destination: `"zstd level=3 | sha256"`, a pipeline, a function. */
  through?: Piece
}

/** A pipeline at work. One that runs keeps the program running. */
export class Job implements AsyncIterable<Progress> {
  private constructor()
  /** It has ended, well or not. */
  readonly done: boolean
  /** The proof, or why it failed. The same each time. */
  result(): Promise<Receipt>
  /** Waits for its end, however it ends. */
  ended(): Promise<void>
  progress(): Progress
  /** Takes nothing more from the source and starts no new request; what is under way ends. */
  pause(): void
  resume(): void
  /** Stops, and removes what was begun; `result()` then rejects. Does not wait for that. */
  cancel(): void
  /** As cancel, but an upload with a ledger stays at the store: the same call goes on with it. */
  suspend(): void
  /** Suspends it, and waits for its end. */
  stop(): Promise<void>
  /** Snapshots until its end; the last one is of the end. */
  watch(intervalMs?: number): AsyncIterableIterator<Progress>
  [Symbol.asyncIterator](): AsyncIterableIterator<Progress>
  /** A job that runs keeps the program running. */
  ref(): this
  /** It does not. */
  unref(): this
}

// ---- Copies

/** What is given to a job need not be copied. */
export interface Lend {
  /**
   * Bytes are not copied, from 64 KiB on. They must not change before the job has ended, and their memory stays where it is
   * for good: it can no more be transferred to a worker, nor moved by `ArrayBuffer.transfer()`.
   */
  lend?: boolean
}

/** What `upload()` stores. */
export type Uploadable = Bytes | Blob | Iterable<Bytes> | AsyncIterable<Bytes> | URL

/** Starts a copy of one file or object. */
export function start(source: Name, destination: Name, options?: CopyOptions): Job
/** Copies one file or object, and gives the proof. */
export function copy(source: Name, destination: Name, options?: CopyOptions): Promise<Receipt>
/**
 * Stores bytes, a Blob, or what a stream or an iterable gives, piece by piece in bounded memory. If that throws, nothing is
 * stored, and the error goes on. A `file:` URL is a file.
 */
export function upload(source: Uploadable, destination: Name, options?: CopyOptions & Lend): Promise<Receipt>
/** Reads a file or object into memory. */
export function download(source: Name, options?: CopyOptions): Promise<Buffer>
/** Reads it into a file or object, as `copy()`. */
export function download(source: Name, destination: string | URL, options?: CopyOptions): Promise<Receipt>
/** Reads it into memory that is large enough, or a stream; gives how many bytes came. */
export function download(source: Name, destination: Uint8Array | Writable, options?: CopyOptions): Promise<number>

// ---- Many files

/** One file or object, when it is done. */
export interface Item {
  /** `kept`: the destination had it; `planned`: of a dry run; `skipped`: it was not to be copied, for `reason`. */
  readonly outcome: 'done' | 'kept' | 'planned' | 'failed' | 'skipped' | 'unknown'
  readonly source: string
  readonly destination: string
  readonly bytes: number
  readonly reason: string
  /** Why it failed. */
  readonly error: WeirError | null
  /** Of what was copied. */
  readonly receipt: Receipt | null
}

/** Counts of items, so far or in all. */
export interface Summary {
  readonly copied: number
  readonly kept: number
  readonly planned: number
  readonly failed: number
  readonly skipped: number
  /** The total, once `allFound`. */
  readonly found: number
  readonly allFound: boolean
  readonly underWay: number
  readonly bytesFound: number
  /** Of `bytesFound`. */
  readonly bytesDone: number
  readonly bytesCopied: number
  readonly bytesRead: number
  readonly retries: number
  readonly elapsedSeconds: number
  readonly bytesPerSecond: number
  readonly etaSeconds: number | null
  readonly stalledSeconds: number
}

/** Options of copies of many. */
export interface ManyOptions extends JobOptions, Abortable {
  /** A source may be a directory, a bucket, or the beginning of keys. */
  recursive?: boolean
  /** A source may be a pattern, `*.csv`. */
  globs?: boolean
  /** What is there and has the same size, and is not older (`sizeAndTime`) or has the same checksum, is kept. */
  update?: 'all' | 'sizeAndTime' | 'checksum'
  /** Nothing is copied. */
  dryRun?: boolean
  /** Under way at once. */
  files?: number
  /** The last one that matches decides. */
  filters?: Iterable<readonly ['include' | 'exclude', string]>
  /** Told of each; what it throws stops the rest. */
  onItem?: (item: Item) => void
  onProgress?: (summary: Summary) => void
}

/**
 * Copies files, objects, trees and patterns to one place, several at once; deletes nothing. `photos` goes below the destination
 * with its name, `photos/` without. Items that fail stop no other: the error at the end is of the kind `incomplete`, and has
 * `summary` and `failures`. With a ledger the same call goes on with what was stopped.
 */
export function copyMany(sources: Name | Iterable<Name>, destination: Name, options?: ManyOptions): Promise<Summary>

// ---- Streams

/** Options of streams. */
export interface StreamOptions extends RunOptions {
  through?: Piece
  highWaterMark?: number
}
/** Options of streams that are written. */
export interface WriteOptions extends StreamOptions {
  /** How much will come; a store can then be given the length. */
  exactBytes?: number | bigint
}

/** A stream of Node's that a job feeds. */
export interface ReadStream extends Readable {
  readonly job: Job
}
/** A stream of Node's that feeds a job. */
export interface WriteStream extends Writable {
  readonly job: Job
  /** The proof, once 'finish' was emitted. */
  readonly receipt: Receipt | null
}

/** Reads a place, through stages. What is destroyed stops its job. */
export function createReadStream(name: Name, options?: StreamOptions & { encoding?: BufferEncoding }): ReadStream
/**
 * Writes a place, through stages. It has 'finish' when the place has the whole, with proof; one that is destroyed leaves
 * nothing.
 */
export function createWriteStream(name: Name, options?: WriteOptions & Lend): WriteStream
/** Stages as a Duplex, for `stream.pipeline()`. */
export function createTransform(stages: Piece, options?: RunOptions & { highWaterMark?: number }): Duplex & { readonly job: Job }
/** Reads a place, or what comes out of a pipeline, as a WHATWG stream of bytes; it serves BYOB readers too. */
export function openReadable(from: Name | Pipeline, options?: CopyOptions): ReadableStream<Uint8Array>
/** Writes a place, through stages, as a WHATWG stream. `close()` is done when the place has the whole, with proof. */
export function openWritable(name: Name, options?: CopyOptions & { exactBytes?: number | bigint }): WritableStream<Bytes>

// ---- Pipelines

/** What a stage in JavaScript gives: bytes, nothing, or several pieces of bytes. */
export type Given = Bytes | null | undefined | void | Iterable<Bytes | null | undefined> | AsyncIterable<Bytes | null | undefined>
/** A function of a piece of the stream. */
export type PieceFunction = (data: Buffer) => Given | PromiseLike<Given>
/** A function of the whole stream. */
export type StreamFunction = (stream: AsyncIterable<Buffer>) => AsyncIterable<Bytes | null | undefined>
/** A function that stands for a stage: an `async function *` gets the whole stream, any other function its pieces. */
export type StageFunction = (data: Buffer & AsyncIterable<Buffer>) => Given | PromiseLike<Given>
/**
 * What pipelines are made of: a pipeline, stages as text, a function. `pieces()` and `generate()` say what a function gets,
 * where its kind does not.
 */
export type Piece = Pipeline | string | StageFunction

/** Places and stages, one behind the other. It never changes: a piece of one is used as often as one likes. */
export class Pipeline implements AsyncIterable<Buffer> {
  private constructor()
  /** This one, and more behind it. */
  pipe(...pieces: Piece[]): Pipeline
  /** Starts it. It begins and ends with a place. */
  start(options?: RunOptions): Job
  /** Starts it and waits for the proof. */
  run(options?: RunOptions): Promise<Receipt>
  /** What comes out of one without a place at its end. */
  readable(options?: StreamOptions): ReadStream
  /**
   * The same without a copy, for loops: each chunk is weir's own memory until the next is asked for. Then it is detached, and
   * has no bytes any more: copy what is to stay, and wait for what still reads it (`await` a write before the loop goes on).
   */
  chunks(options?: RunOptions): AsyncGenerator<Buffer, void, void>
  [Symbol.asyncIterator](): AsyncIterableIterator<Buffer>
  toString(): string
}

/** One pipeline of several pieces. */
export function pipe(...pieces: Piece[]): Pipeline
/** A place to read from: `s3://bucket/key`, a path, `https://...`, `gen:1GiB`. */
export function source(name: Name): Pipeline
/** A place to write to. */
export function to(name: Name): Pipeline
/** A file, whatever its name looks like. */
export function file(path: Name): Pipeline
/** Any stage by its name: `stage('zstd', { level: 3 })`, `stage('grep', 'ERROR', { invert: true })`. */
export function stage(name: string, ...words: (string | number | Buffer | Readonly<Record<string, string | number | boolean | null | undefined>> | undefined)[]): Pipeline
export function lines(): Pipeline
export function grep(pattern: string, options?: { invert?: boolean, regex?: boolean }): Pipeline
export function zstd(options?: { level?: number, workers?: number }): Pipeline
export function unzstd(): Pipeline
export function gzip(options?: { level?: number, workers?: number }): Pipeline
export function gunzip(): Pipeline
export function sha256(): Pipeline
export function tee(...places: Name[]): Pipeline
/** The lines, with their ends, for which `keep` gives something true. */
export function filter(keep: (line: Buffer) => unknown): Pipeline
/** What `change` makes of each line, with its end. */
export function map(change: PieceFunction): Pipeline
/** What `work` makes of each piece of the stream, cut as it happens to come: 256 KiB as a rule. */
export function pieces(work: PieceFunction): Pipeline
/** What `work` makes of the stream. */
export function generate(work: StreamFunction): Pipeline

/** A stage at work. Its functions come one at a time. */
export interface Stage {
  process(data: Buffer): Given | PromiseLike<Given>
  /** The stream has ended. */
  finish?(): Given | PromiseLike<Given>
  /** The job has. */
  close?(): void
}
/** A stage that is made anew for each job. */
export function custom(make: () => Stage): Pipeline

// ---- Stores

/** Options of calls on stores. */
export interface StoreOptions extends Abortable {
  context?: Context
}
/** What a store says of an object. */
export interface ObjectInfo {
  /** `s3://bucket/key`. */
  readonly name: string
  readonly size: number
  readonly modified: Date | null
  readonly etag: string
  readonly version: string
  readonly contentType: string
  readonly contentEncoding: string
  readonly storageClass: string
  /** Of the whole object. */
  readonly crc64nvme: bigint | null
  readonly metadata: Readonly<Record<string, string>>
}
/** An object in a listing, or what stands for all below a name. */
export interface Entry {
  readonly name: string
  /** Behind the bucket. */
  readonly key: string
  readonly isFolder: boolean
  readonly size: number
  readonly modified: Date | null
  readonly etag: string
}

/** What the store says of an object; `ENOENT` where there is none. */
export function head(name: Name, options?: StoreOptions): Promise<ObjectInfo>
/** No error where there was nothing. */
export function remove(name: Name, options?: StoreOptions): Promise<void>
/** A copy that the store makes by itself; `ENOTSUP` where it cannot, and `copy()` can. */
export function copyInside(source: Name, destination: Name, options?: StoreOptions): Promise<ObjectInfo>
/** A URL that lets anyone do `method` for so many seconds: GET for an hour, if not told otherwise. */
export function presign(name: Name, options?: StoreOptions & { method?: string, seconds?: number }): Promise<string>
/** What begins with `prefix`, in the store's order, as it comes; `folders` folds what lies below the next "/". */
export function list(prefix: Name, options?: StoreOptions & { folders?: boolean }): AsyncIterableIterator<Entry>

// ---- Ledger

/** An upload or download that was not finished. */
export class Unfinished {
  private constructor()
  readonly id: number
  readonly source: string
  readonly destination: string
  /** `resume()` knows how it was started; else make the same call again. */
  readonly canResume: boolean
  readonly bytesStored: number
  readonly bytesTotal: number | null
  /** Of the process that is at it now. */
  readonly ownerPid: number | null
  readonly created: Date
  readonly updated: Date
  /** Goes on with it, as it was started. Its context has `ledger`. */
  resume(): Promise<Job>
  /** Removes from the store what was sent of it, and the job from the ledger. */
  abort(): Promise<void>
}
/** Oldest first. */
export function unfinished(options?: StoreOptions): Promise<Unfinished[]>
