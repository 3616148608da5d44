#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace brahe::terminal {

// A column of a table on a terminal. All texts are PlainText.
struct TableColumn {
  std::string head;
  bool is_number = false;          // right-aligned, and as wide as its cells need: no digit is ever cut
  size_t width = 0;                // where there is room; of texts always, and what is longer is cut
  size_t rank = 0;                 // where there is no room for all columns, the highest rank goes first
  std::vector<std::string> cells;  // one a row, the same number in each column
};

// The head and the rows with a space between columns, none longer than `columns` on the terminal. First numbers give up
// the room that they do not need, then columns go; the last one is cut if it is a text, and goes if it is a number.
// Any thread.
std::vector<std::string> FittedTable(std::vector<TableColumn> table, size_t columns);

}  // namespace brahe::terminal
