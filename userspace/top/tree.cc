#include "userspace/top/tree.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace brahe::top {
namespace {

constexpr const char* kLevels[] = {"namespace", "pod", "container", "vm", "process"};

struct Node {
  const Level* level;
  size_t row;

  [[nodiscard]] const Row& operator*() const { return level->rows[row]; }
};
using Children = std::unordered_map<std::string, std::vector<Node>>;  // by NodeKey; of the top: ""

Children ChildrenIn(const Frame& frame) {
  std::unordered_set<std::string> listed;
  Children children;
  for (const char* name : kLevels) {
    const Level* level = frame.Find(name);
    for (size_t row = 0; level != nullptr && row < level->rows.size(); ++row) {
      const Node node{level, row};
      const bool has_parent = listed.contains((*node).parent);  // which is of a level before this one
      children[has_parent ? (*node).parent : ""].push_back(node);
      if (!(*node).key.empty()) listed.insert(NodeKey(name, (*node).key));
    }
  }
  return children;
}

// Adds `node` and what is in it. False: nobody in it matches, and nothing is added. No deeper than there are levels.
bool Add(const Node& node, size_t depth, const Children& children, const std::function<bool(const Row&)>& matches,
         Level& tree) {
  const size_t begin = tree.rows.size();
  Row& added = tree.rows.emplace_back(*node);
  added.level = node.level->name;
  added.depth = depth;
  for (size_t zone = 0; zone < tree.series; ++zone) tree.figures.push_back(node.level->FigureOf(node.row, zone));
  bool any = matches(*node);
  if (const auto found = children.find(NodeKey(node.level->name, (*node).key));
      !(*node).key.empty() && found != children.end()) {
    for (const Node& child : found->second) any = Add(child, depth + 1, children, matches, tree) || any;
  }
  if (!any) {
    tree.rows.resize(begin);
    tree.figures.resize(begin * tree.series);
  }
  return any;
}

}  // namespace

Level TreeOf(const Frame& frame, const std::function<bool(const Level&, size_t, const Level&, size_t)>& is_before,
             const std::function<bool(const Row&)>& matches) {
  Children children = ChildrenIn(frame);
  for (auto& [parent, nodes] : children) {
    std::stable_sort(nodes.begin(), nodes.end(),
                     [&](const Node& a, const Node& b) { return is_before(*a.level, a.row, *b.level, b.row); });
  }
  Level tree{.name = kTreeLevel, .rows = {}, .series = frame.zones.size(), .figures = {}};
  for (const Node& node : children[""]) Add(node, 0, children, matches, tree);
  return tree;
}

}  // namespace brahe::top
