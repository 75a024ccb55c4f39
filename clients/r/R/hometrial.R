# Reads a Hometrial study with base R alone: CSV for rows, one count to hold them against.

#' A study on a staff site; the token may stand in the variable HOMETRIAL_TOKEN.
hometrial <- function(url, token = Sys.getenv("HOMETRIAL_TOKEN")) {
  if (!nzchar(token)) stop("no token: give token, or set the variable HOMETRIAL_TOKEN")
  if (!grepl("^https://|^http://(localhost|127\\.0\\.0\\.1)(:[0-9]+)?(/|$)", url)) {
    stop("url must start with https://, or the token could be read on the way")
  }
  structure(list(url = sub("/+$", "", url), token = token), class = "hometrial")
}

#' A tidy table as a data frame; it stops unless as many rows came as the server counted.
hometrial_table <- function(trial, name, participant = NULL, columns = NULL, profile = NULL) {
  asked <- list(participant = participant, columns = columns, profile = profile)
  rows <- .rows(trial, paste0("/tables/", name), asked, .texts(trial, name))
  told <- .text(trial, paste0("/tables/", name, "/changes"),
                list(changed_since = "1970-01-01T00:00:00Z", profile = profile))
  counted <- .counted(told, participant)
  if (nrow(rows) != counted) {
    stop(sprintf("%s: %d rows came, and the server counted %d; ask again", name, nrow(rows), counted))
  }
  rows
}

#' Samples of a stream, of some people and local days or all.
hometrial_samples <- function(trial, stream, participant = NULL, from = NULL, to = NULL) {
  .rows(trial, paste0("/samples/", stream), list(participant = participant, from = from, to = to), .SAMPLE_TEXTS)
}

.SAMPLE_TEXTS <- c("participant_id", "session", "stage", "type", "source", "device", "chunk")

# Which columns of a table are text by the server's word: firmware 1.10 is no number, and a coarse date no day.
.texts <- function(trial, name) {
  parts <- strsplit(.text(trial, "/tables", list()), '{"name": ', fixed = TRUE)[[1]]
  heads <- grep('"keys": [', parts, fixed = TRUE)
  own <- heads[startsWith(parts[heads], paste0('"', name, '"'))]
  if (!length(own)) return(character(0))
  columns <- parts[seq(own + 1L, min(c(heads[heads > own], length(parts) + 1L)) - 1L)]
  sub('^"([^"]*)".*', "\\1", columns[grepl('"type": "text"', columns, fixed = TRUE)])
}

.counted <- function(told, participant) {
  if (is.null(participant)) {
    return(as.integer(sub('.*"table_rows": ([0-9]+).*', "\\1", told)))
  }
  one <- function(who) {
    found <- regmatches(told, regexec(paste0('"participant_id": "', who, '", "rows": ([0-9]+)'), told))[[1]]
    if (length(found)) as.integer(found[2]) else 0L
  }
  sum(vapply(unique(participant), one, integer(1)))
}

.rows <- function(trial, path, asked, texts) {
  file <- .fetched(trial, path, c(asked, format = "csv"))
  on.exit(unlink(file))
  rows <- read.csv(file, colClasses = "character", check.names = FALSE, na.strings = "", encoding = "UTF-8")
  known <- setdiff(names(rows), texts)
  rows[known] <- lapply(rows[known], .typed)
  rows
}

.typed <- function(values) {
  known <- values[!is.na(values)]
  if (length(known) && all(grepl("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", known))) return(as.Date(values))
  if (length(known) && all(grepl("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$", known))) {
    return(as.POSIXct(sub("Z$", "", values), format = "%Y-%m-%dT%H:%M:%OS", tz = "UTC"))
  }
  if (all(known %in% c("true", "false"))) return(values == "true")
  if (all(grepl("^-?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][-+]?[0-9]+)?$", known))) return(as.numeric(values))
  values
}

.text <- function(trial, path, asked) {
  file <- .fetched(trial, path, asked)
  on.exit(unlink(file))
  paste(readLines(file, warn = FALSE, encoding = "UTF-8"), collapse = "")
}

.TRIES <- 6L # so often a request that came too soon is made again

# Base R tells of a status and of no header: how long to wait is tried, twice as long each time.
.fetched <- function(trial, path, asked) {
  for (wait in c(2^(0:(.TRIES - 1L)), NA)) {
    found <- tryCatch(.once(trial, path, asked), error = identity)
    if (is.character(found)) return(found)
    if (is.na(wait) || !grepl("429", conditionMessage(found))) stop(conditionMessage(found), call. = FALSE)
    Sys.sleep(wait)
  }
}

.once <- function(trial, path, asked) {
  asked <- asked[!vapply(asked, is.null, logical(1))]
  told <- vapply(asked, function(each) paste(each, collapse = ","), character(1))
  query <- paste(names(told), vapply(told, utils::URLencode, character(1), reserved = TRUE), sep = "=", collapse = "&")
  file <- tempfile()
  old <- options(timeout = 3600)
  on.exit(options(old))
  address <- paste0(trial$url, "/api/v1", path, "?", query)
  said <- character(0)
  status <- tryCatch(
    withCallingHandlers(
      download.file(address, file, method = "libcurl", mode = "wb", quiet = TRUE,
                    headers = c(Authorization = paste("Bearer", trial$token))),
      warning = function(told) {
        said <<- c(said, conditionMessage(told))
        invokeRestart("muffleWarning")
      }
    ),
    error = function(told) 1L
  )
  if (length(said)) stop("the server refused or broke off: ", paste(said, collapse = "; "))
  if (status != 0) stop("the answer broke off; ask again")
  file
}
