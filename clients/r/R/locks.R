# Locks: listed, taken away, checked to the byte. Needs the packages curl and jsonlite; sums need R 4.5 or digest.

#' The locks, the newest first: number, name, root, whether both have signed.
hometrial_locks <- function(trial) {
  told <- .json(.asked(trial, "/locks"))$data
  if (!length(told)) return(data.frame(number = integer(0), name = character(0), root = character(0)))
  plain <- !vapply(told, is.list, logical(1))
  found <- told[plain]
  found$awaits <- vapply(told$awaits, paste, character(1), collapse = ", ")
  found
}

#' The manifest of a lock: `files` has path, rows, bytes and SHA-256; its files are asked for, and waited for.
hometrial_manifest <- function(trial, name, patience = 3600) {
  .ready(trial, name, patience)
  .json(.asked(trial, paste0(.lock(name), "/manifest")))
}

#' Writes a lock's folder and checks every byte of it against the lock's root; it appears whole or not at all.
hometrial_download <- function(trial, name, folder, patience = 3600) {
  if (file.exists(folder)) stop(folder, " is there already; give a new folder")
  root <- .json(.asked(trial, .lock(name)))$root
  .ready(trial, name, patience)
  archive <- .asked(trial, paste0(.lock(name), "/archive"))
  near <- tempfile(paste0(".", basename(folder)), dirname(normalizePath(folder, mustWork = FALSE)))
  on.exit(unlink(c(archive, near), recursive = TRUE))
  utils::unzip(archive, exdir = near)
  hometrial_verify(near, root)
  if (!file.rename(near, folder)) stop(folder, " cannot be written; give a folder on a disk with room")
  hometrial_verify(folder, root)
}

#' Checks every byte of a lock's folder, offline, and its root if it is given; stops and names what is wrong.
hometrial_verify <- function(folder, root = NULL) {
  sums <- file.path(folder, "MANIFEST.sha256")
  if (!file.exists(sums)) stop(folder, " has no MANIFEST.sha256, so it is no folder of a lock")
  lines <- readLines(sums, encoding = "UTF-8")
  told <- substr(lines, 1, 64)
  names(told) <- substring(lines, 67)
  beside <- c("MANIFEST.sha256", "MANIFEST.sig", "SIGNATURES.json")
  there <- list.files(folder, recursive = TRUE, all.files = TRUE, no.. = TRUE)
  both <- intersect(names(told), there)
  now <- vapply(file.path(folder, both), .sha256, character(1))
  wrong <- c(
    sprintf("%s is missing", setdiff(names(told), there)),
    sprintf("%s is not in the manifest", setdiff(there, c(names(told), beside))),
    sprintf("%s was changed", both[now != told[both]])
  )
  found <- .sha256(sums)
  if (!is.null(root) && found != root) wrong <- c(wrong, sprintf("its root is %s, the lock's is %s", found, root))
  if (length(wrong)) stop(folder, ": ", paste(wrong, collapse = "; "))
  invisible(list(path = folder, root = found, files = names(told)))
}

.sha256 <- function(path) {
  own <- get0("sha256sum", asNamespace("tools"), mode = "function")
  if (!is.null(own)) return(unname(own(path)))
  .needs("digest", "to check sums (R has that itself from version 4.5 on)")
  digest::digest(path, algo = "sha256", file = TRUE)
}

.ready <- function(trial, name, patience) {
  end <- Sys.time() + patience
  while (.json(.asked(trial, paste0(.lock(name), "/files"), method = "POST"))$state != "ready") {
    if (Sys.time() > end) stop(sprintf("the files of lock %s were not ready in %.0f s; does a worker run?", name, patience))
    Sys.sleep(min(2, patience / 10))
  }
}

.lock <- function(name) paste0("/locks/", utils::URLencode(name, reserved = TRUE))

.asked <- function(trial, path, method = "GET") {
  .needs("curl", "to read locks")
  file <- tempfile()
  for (left in .TRIES:0) {
    handle <- curl::new_handle(customrequest = method, connecttimeout = 10, low_speed_limit = 1, low_speed_time = 600)
    curl::handle_setheaders(handle, Authorization = paste("Bearer", trial$token))
    if (method == "POST") curl::handle_setopt(handle, post = TRUE, postfieldsize = 0, postfields = "")
    answer <- tryCatch(
      curl::curl_fetch_disk(paste0(trial$url, "/api/v1", path), file, handle = handle),
      error = function(told) stop(trial$url, " does not answer, or broke off: ", conditionMessage(told), "; ask again", call. = FALSE)
    )
    if (answer$status_code != 429 || left == 0) break
    told <- curl::parse_headers_list(answer$headers)[["retry-after"]]
    Sys.sleep(min(120, if (is.null(told)) 1 else as.numeric(told)))
  }
  if (answer$status_code >= 400) {
    told <- tryCatch(.json(file)$detail, error = function(none) "")
    stop(sprintf("%d: %s", answer$status_code, told))
  }
  file
}

.json <- function(file) {
  .needs("jsonlite", "to read locks")
  jsonlite::fromJSON(file)
}

.needs <- function(package, why) {
  if (!requireNamespace(package, quietly = TRUE)) {
    stop(sprintf("the package %s is needed %s: install.packages(\"%s\")", package, why, package))
  }
}
