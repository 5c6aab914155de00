(* Theorem T4 (chernoff-bound), tail form.

   Tokens, weight and f as in chernoff_bound.v, with no condition on E|f|^2.
   For every eps > 0, every del with 0 < del < 1 and every L >= 1,

     P(|sum_i p_i f(X_i)| >= eps) <= A2 / ((1-del)^2 L eps^2) + exp(-L del^2 / (2 rho)),

   |.| the Euclidean norm of R^m, A2 = E|w f|^2 / (E w)^2, rho = E w^2 / (E w)^2. *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds Require Import finite_sums self_normalised abstract_expectation independence chernoff_scalar.
From AttentionBounds Require Import real_bridges probability_measure.
From AttentionBounds Require Import chernoff_tail_abstract chernoff_bound.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

(* f_k for k < m, and 0 beyond: vectors as functions of a natural number *)
Definition coordinate (T : Type) (m : nat) (f : 'I_m -> T -> RR) (k : nat) : T -> RR :=
  if insub k is Some i then f i else (fun=> 0).

Lemma coordinateE (T : Type) (m : nat) (f : 'I_m -> T -> RR) (k : 'I_m) : coordinate f k = f k.
Proof. by rewrite /coordinate valK. Qed.

Lemma coordinate_ind (T : Type) (m : nat) (f : 'I_m -> T -> RR) (Q : (T -> RR) -> Prop) :
  (forall k, Q (f k)) -> forall k : nat, (k < m)%coq_nat -> Q (coordinate f k).
Proof. by move=> H k /ssrnat.ltP km; have := H (Ordinal km); rewrite -coordinateE. Qed.

Lemma le_sqrtE (e s : RR) : 0 < e -> 0 <= s -> (e <= Num.sqrt s) = (e ^+ 2 <= s).
Proof.
move=> e0 s0; rewrite -[in RHS](sqr_sqrtr s0).
by rewrite ler_sqr// nnegrE ?sqrtr_ge0// ltW.
Qed.

Section Tail.
Context d d' (Om : measurableType d) (T : measurableType d').
Variables (P : {measure set Om -> \bar RR}) (mu : {measure set T -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Hypothesis mu1 : mu setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis HX : iid_with_law P mu L X.
Variables (w : T -> RR) (delta eps : RR).

Theorem chernoff_tail (m : nat) (f : 'I_m -> T -> RR) :
  (1 <= L)%N -> 0 < delta < 1 -> 0 < eps ->
  measurable_fun setT w -> (forall k, measurable_fun setT (f k)) -> (forall x, 0 < w x) ->
  mu.-integrable setT (fun x => (w x ^+ 2)%:E) ->
  (forall k, mu.-integrable setT (fun x => ((w x * f k x) ^+ 2)%:E)) ->
  (forall k, \int[mu]_x (w x * f k x) = 0) ->
  let Z := \int[mu]_x w x in
  let rho := tilted_rho mu w in
  let A2 := (\sum_(k < m) \int[mu]_x ((w x * f k x) ^+ 2)) / Z ^+ 2 in
  is_true (P [set o | eps <= Num.sqrt (\sum_(k < m) (weighted_mean L X w (f k) o) ^+ 2)]%R <=
   (A2 / ((1 - delta) ^+ 2 * L%:R * eps ^+ 2)
    + rexp (- (L%:R * delta ^+ 2) / (2%:R * rho)))%:E)%E.
Proof.
move=> HL Hd He mw mf w0 Iw2 Iwf2 Ewf Z rho A2.
have Iw : Pint mu w by exact: Pint_of_sq.
have Iwf k : Pint mu (fun x => w x * f k x).
  by apply: (Pint_of_sq mu1 _ (Iwf2 k)); exact: measurable_funM.
have mX i : (i < L)%N -> measurable_fun setT (X i) by case: (HX) => + _; apply.
have PR := iid_product_rule P1 mu1 HX.
pose EP := probability_expectation P1; pose Emu := probability_expectation mu1.
have w0R x : Rlt 0 (w x) by apply/RltP.
set A := [set o | _].
pose g := coordinate f.
have N2E o : \sum_(k < m) (weighted_mean L X w (f k) o) ^+ 2 =
    rsum m (fun k => pow (self_normalised L (fun i => w (X i o)) (fun i => g k (X i o))) 2).
  by rewrite rsumE; apply: eq_bigr => k _; rewrite pow2E weighted_meanE /g coordinateE.
have AE : A = [set o | eps ^+ 2 <= \sum_(k < m) (weighted_mean L X w (f k) o) ^+ 2].
  rewrite /A; apply/funext => o /=; congr is_true.
  have S0 : 0 <= \sum_(k < m) (weighted_mean L X w (f k) o) ^+ 2.
    by apply: sumr_ge0 => k _; exact: sqr_ge0.
  exact: le_sqrtE.
have mA : measurable A.
  have mN : measurable_fun setT (fun o => \sum_(k < m) (weighted_mean L X w (f k) o) ^+ 2).
    by apply: measurable_fun_sumr => k; apply: measurable_fun_sqr; exact: measurable_weighted_mean.
  rewrite AE (_ : [set o | _] = setT `&` (fun o => \sum_(k < m) (weighted_mean L X w (f k) o) ^+ 2) @^-1` [set` `[eps ^+ 2, +oo[]).
    by apply: mN => //; exact: measurable_itv.
  by rewrite setTI; apply/funext => o /=; rewrite in_itv /= andbT.
pose Y : Om -> R := (\1_A : Om -> RR).
have IY : Pint P Y by exact: Pint_indic.
have PA : P A = (Pmean P Y : RR)%:E.
  by rewrite Pmean_indic// fineK// (prob_fin_num P1 mA).
have Y1 o : Rle (Y o) 1 by rewrite /Y indicE; case: (o \in A); [exact: Rle_refl|exact: Rle_0_1].
have Y0 o : Rlt (rsum m (fun k => pow (self_normalised L (fun i => w (X i o)) (fun i => g k (X i o))) 2)) (pow eps 2) -> Rle (Y o) 0.
  move=> /RltP; rewrite -N2E pow2E => h; apply/RleP; rewrite /Y indicE memNset// AE /=.
  by apply/negP; rewrite -ltNge.
have Igk k : (k < m)%coq_nat -> Pint mu (fun x => pow (Rmult (w x) (g k x)) 2) /\
    Pint mu (fun x => Rmult (w x) (g k x)) /\ Pmean mu (fun x => Rmult (w x) (g k x)) = 0.
  move: k; apply: (@coordinate_ind T m f (fun h => Pint mu (fun x => pow (Rmult (w x) (h x)) 2) /\
    Pint mu (fun x => Rmult (w x) (h x)) /\ Pmean mu (fun x => Rmult (w x) (h x)) = 0)) => k.
  split; first exact: (Pint_sq (Iwf2 k)).
  split; first exact: Iwf.
  exact: Ewf.
have Hd' : Rlt 0 delta /\ Rlt delta 1 by case/andP: Hd => h1 h2; split; apply/RltP.
have main := @tail_abstract _ _ EP Emu X L PR w w0R
  (elimT (RltP _ _) (Pmean_gt0 mu1 Iw w0)) Iw (Pint_sq Iw2) (Pint_laplace mu1 mw w0)
  m g delta eps Y (elimT ssrnat.leP HL) Hd' (elimT (RltP _ _) He)
  (fun k km => (Igk k km).1) (fun k km => (Igk k km).2.1) (fun k km => (Igk k km).2.2) IY Y1 Y0.
rewrite PA lee_fin; move/RleP: main => main; apply: (le_trans main).
rewrite /tail_value -[Ex Emu]/(Pmean mu) !Pmean_sq rsumE !RdivE' !pow2E.
rewrite RplusE !RmultE RminusE RoppE INRE IZR2E.
rewrite (_ : \sum_(k < m) _ = \sum_(k < m) \int[mu]_x ((w x * f k x) ^+ 2))//.
by apply: eq_bigr => k _; rewrite Pmean_sq /g coordinateE.
Qed.
End Tail.
