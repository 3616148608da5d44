#include "userspace/terminal/fitted_table.h"

#include <algorithm>

#include "userspace/terminal/terminal_text.h"

namespace brahe::terminal {
namespace {

using Table = std::vector<TableColumn>;

// What the cells take, which are digits. The head takes what is left of the width that is wanted.
size_t NeededBy(const TableColumn& column) {
  size_t needed = std::min(column.head.size(), column.width);  // bytes are never fewer than columns
  for (const std::string& cell : column.cells) needed = std::max(needed, cell.size());
  return needed;
}

size_t WidthOf(const Table& table) {
  size_t width = table.empty() ? 0 : table.size() - 1;
  for (const TableColumn& column : table) width += column.width;
  return width;
}

void Fit(Table& table, size_t columns) {
  for (TableColumn& column : table) {
    if (column.is_number) column.width = std::max(column.width, NeededBy(column));
  }
  if (WidthOf(table) <= columns) return;
  for (TableColumn& column : table) {
    if (column.is_number) column.width = NeededBy(column);
  }
  while (table.size() > 1 && WidthOf(table) > columns) {
    table.erase(std::max_element(table.begin(), table.end(),
                                 [](const TableColumn& a, const TableColumn& b) { return a.rank < b.rank; }));
  }
  if (WidthOf(table) <= columns) return;
  if (table.front().is_number) {
    table.clear();
  } else {
    table.front().width = columns;
  }
}

}  // namespace

std::vector<std::string> FittedTable(Table table, size_t columns) {
  const size_t rows = table.empty() ? 0 : table.front().cells.size();
  Fit(table, columns);
  std::vector<std::string> lines(rows + 1);
  for (size_t i = 0; i < table.size(); ++i) {
    const TableColumn& column = table[i];
    const auto pad = column.is_number ? PadLeft : PadRight;
    for (size_t row = 0; row <= rows; ++row) {
      const std::string& text = row == 0 ? column.head : column.cells[row - 1];
      lines[row].append(i == 0 ? "" : " ").append(pad(text, column.width));
    }
  }
  return lines;
}

}  // namespace brahe::terminal
