# DeLong by pROC on synthetic scores (with ties): Rscript tests/golden/delong_proc.R > tests/golden/delong_proc.json
suppressMessages(library(pROC))
number <- function(x) trimws(formatC(x, digits = 17, format = "g"))
case <- function(id, n, hard, shiftA, shiftB, levels, seed) {
  set.seed(seed)
  y <- as.integer(seq_len(n) <= hard)
  shared <- rnorm(n)
  a <- round((shiftA * y + shared + rnorm(n)) * levels) / levels
  b <- round((shiftB * y + shared + rnorm(n)) * levels) / levels
  ra <- roc(y, a, direction = "<", levels = c(0, 1), quiet = TRUE)
  rb <- roc(y, b, direction = "<", levels = c(0, 1), quiet = TRUE)
  test <- roc.test(ra, rb, method = "delong", paired = TRUE)
  variance <- var(ra, method = "delong") + var(rb, method = "delong") - 2 * cov(ra, rb, method = "delong")
  list_of <- function(x) paste0("[", paste(number(x), collapse = ","), "]")
  paste0('{"id":"', id, '","input":{"y":', list_of(y), ',"a":', list_of(a), ',"b":', list_of(b), '},"expected":{"auroc_a":',
    number(auc(ra)), ',"auroc_b":', number(auc(rb)), ',"z":', number(test$statistic), ',"p":', number(test$p.value),
    ',"variance":', number(variance), '}}')
}
cases <- c(
  case("n40", 40, 12, 1, 0.3, 100, 1), case("n60_ties", 60, 20, 0.8, 0.8, 2, 2),
  case("n200", 200, 30, 0.2, 0.9, 100, 3), case("n12_heavy_ties", 12, 5, 1, 0.5, 1, 4)
)
cat('{"topic":"delong_proc","cases":[', paste(cases, collapse = ",\n"), '],"versions":{"R":"', R.version$major, ".",
  R.version$minor, '","pROC":"', as.character(packageVersion("pROC")), '"}}\n', sep = "")
