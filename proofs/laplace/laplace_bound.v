(* Theorem T5 (laplace-bound) for i.i.d. tokens of any law.

   X_0, ..., X_{L-1} are i.i.d. tokens with law mu on any measurable space, w > 0
   a weight, f = (f_0, ..., f_{n-1}) a vector-valued function with E[w f] = 0,
   p_i = w(X_i) / sum_j w(X_j).  With Z = E w, rho = E w^2 / Z^2, kap = Z E w^{-1},
   A2 = E|w f|^2 / Z^2, L >= 6 and any th2, th4 in (0,1]:

     E|sum_i p_i f(X_i)|^2 <= A2 (L I_2(L-1) + 6 L (L-1) rho I_4(L-2)),

   where each of I_2, I_4 is replaced by either of its bounds, of one split

     (n (1-th/2))^{-k} + (kap/k)^k exp(-(n-k)(th/rho)(1-th/2))

   or of two splits

     (n (1-th/2))^{-k} + (n/2)^{-k} Q_k(n th/(2 rho)) + (kap/k)^k exp(-(n-k)/(2 rho))

   (laplace_mean_square_splits; laplace_mean_square has one split in both).  The
   participation ratio, for L >= 3, again with either bound of I_2:

     r_2 = E sum_i p_i^2 <= min(1, L rho I_2(L-1))
                       (participation_ratio_splits; participation_ratio: one split).

   The left sides are extended-real integrals; nothing is assumed of E|f|^2.

   tilted_kappa mu w: kap = E w E w^{-1}. *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import finite_sums self_normalised abstract_expectation independence integration probability_measure rest_independence.
From AttentionBounds.certificate Require Import bounds_definitions.
From AttentionBounds.laplace Require Import inverse_moment_abstract laplace_abstract.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

(* ---- weights with mean 1 ---- *)

Section Normalised.
Context d d' (Om : measurableType d) (T : measurableType d').
Variables (P : {measure set Om -> \bar RR}) (mu : {measure set T -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Hypothesis mu1 : mu setT = 1%E.
Variables (m : nat) (X : nat -> Om -> T).
Let L := m.+2.
Hypothesis HX : iid_with_law P mu L X.
Variable w : T -> RR.
Hypothesis mw : measurable_fun setT w.
Hypothesis w0 : forall x, 0 < w x.
Hypothesis w_mean : Pmean mu w = 1.
Hypothesis Iw2 : Pint mu (fun x => pow (w x) 2).
Hypothesis Iwinv : Pint mu (fun x => Rinv (w x)).
Let EP := probability_expectation P1.
Let Emu := probability_expectation mu1.
Let PR := iid_product_rule P1 mu1 HX.
Let rho := Pmean mu (fun x => pow (w x) 2).
Let kap := Pmean mu (fun x => Rinv (w x)).

Let w0R x : Rlt 0 (w x). Proof. by apply/RltP. Qed.
Let Iw : Pint mu w.
Proof. by apply: Pint_of_sq => //; apply: Pint_ext Iw2 => x; rewrite pow2E. Qed.
Let mX := proj1 HX.

Lemma rest_weight i j : (j < L)%N -> j != i -> rest_function L X i (fun o => w (X j o)).
Proof.
move=> jL ji; apply: (@measurable_fun_comp _ _ _ _ _ _ w _ (X j : rest_space L X i -> T)) => //.
exact: measurable_other.
Qed.

Lemma rest_other (g : T -> R) i j : measurable_fun setT (g : T -> RR) -> (j < L)%N -> j != i ->
  rest_function L X i (fun o => g (X j o)).
Proof.
move=> mg jL ji; apply: (@measurable_fun_comp _ _ _ _ _ _ (g : T -> RR) _ (X j : rest_space L X i -> T)) => //.
exact: measurable_other.
Qed.

Lemma rest_function_mult i H G : rest_function L X i H -> rest_function L X i G ->
  rest_function L X i (fun o => Rmult (H o) (G o)).
Proof. by move=> mH mG; exact: (@measurable_funM _ (rest_space L X i) RR setT H G). Qed.

(* 1/S^k for a positive S that is a rest function *)
Lemma rest_function_inv i (S : Om -> R) k : (forall o, Rlt 0 (S o)) ->
  rest_function L X i S -> rest_function L X i (fun o => Rinv (pow (S o) k)).
Proof.
move=> S0 mS; rewrite /rest_function.
rewrite (_ : (fun o => _) = fun o => ((S o : RR) ^+ k)^-1 : RR); last first.
  by apply/funext => o; rewrite RinvE' RpowE.
apply: measurable_fun_invr_pos => [|o]; last by apply: exprn_gt0; apply/RltP.
elim: k => [|k IH].
  rewrite (_ : (fun x => _) = cst 1); first exact: measurable_fun_cst.
  by apply/funext => o; rewrite expr0.
rewrite (_ : (fun x => _) = (S : rest_space L X i -> RR) \* (fun o => (S o : RR) ^+ k)); first exact: measurable_funM.
by apply/funext => o; rewrite exprS.
Qed.

Let rest1 i o := rest m.+1 (fun j => w (X j o)) i.
Let rest2' i j o := rest2 m.+1 (fun j => w (X j o)) i j.

Lemma rest1_rest i : (i < L)%N -> rest_function L X i (rest1 i).
Proof.
move=> iL; rewrite /rest_function /rest1 /rest.
rewrite (_ : (fun o => _) = fun o => \sum_(j < m.+1) (w (X (skip i j) o))).
  apply: (@measurable_fun_sumr _ _ _ _ (fun (j : 'I_m.+1) (o : rest_space L X i) => w (X (skip i j) o))) => j.
  apply: rest_weight; last by apply/eqP; exact: skip_neq.
  apply/ssrnat.ltP/skip_lt; exact/ssrnat.ltP.
by apply/funext => o; rewrite rsumE.
Qed.

Lemma rest2_rest_function i j : (i < L)%N -> (j < L)%N -> i <> j ->
  rest_function L X i (rest2' i j).
Proof.
move=> iL jL ij.
rewrite (_ : rest2' i j = fun o => Rminus (rest1 i o) (w (X j o))); last first.
  apply/funext => o; rewrite /rest1 (@rest2_sum m.+1 _ i j); last exact/ssrnat.ltP.
  by rewrite -/(rest2' i j o) Rplus_comm /Rminus Rplus_assoc Rplus_opp_r Rplus_0_r.
apply: (@measurable_funB _ (rest_space L X i) RR setT (rest1 i) (fun o => w (X j o))); first exact: rest1_rest.
by apply: rest_weight => //; apply/eqP => ji; exact: ij.
Qed.

Let independent i g H : (i < L)%coq_nat -> Int Emu g -> rest_function L X i H -> Int EP H ->
  Int EP (fun o => Rmult (g (X i o)) (H o)) /\
  Ex EP (fun o => Rmult (g (X i o)) (H o)) = Rmult (Ex Emu g) (Ex EP H).
Proof. by move=> /ssrnat.ltP iL Ig mH IH; exact: (rest_independence P1 mu1 HX iL Ig mH IH). Qed.

Let dominated i H G : rest_function L X i H -> Int EP G ->
  (forall o, Rle (Rabs (H o)) (G o)) -> Int EP H.
Proof.
move=> mH IG HG; apply: (@Pint_dominated _ _ P P1 0 _ G) => //.
  exact: (rest_function_measurable mX mH).
by move=> o; rewrite add0r; apply/RleP; exact: HG.
Qed.

Let inv1 i k : (i < L)%coq_nat -> rest_function L X i (fun o => Rinv (pow (rest1 i o) k)).
Proof.
move=> /ssrnat.ltP iL; apply: rest_function_inv; last exact: rest1_rest.
by move=> o; apply: rest_pos => [j|]; [exact: w0R|exact: PeanoNat.Nat.lt_0_succ].
Qed.

Hypothesis m_pos : (0 < m)%N.
Let inv2 i j k : (i < L)%coq_nat -> (j < L)%coq_nat -> i <> j ->
  rest_function L X i (fun o => Rinv (pow (rest2' i j o) k)).
Proof.
move=> iL jL ij; apply: rest_function_inv; last by apply: rest2_rest_function => //; exact/ssrnat.ltP.
by move=> o; apply: (@S2_pos _ _ X m w w0R i j o) => //; exact/ssrnat.ltP.
Qed.

(* either form bounds the inverse moments of an independent sample *)
Let split_bounds n k (form : splits) (th : R) : (0 < k <= n)%N -> Rlt 0 th /\ Rle th 1 ->
  bounds_inverse_moment EP Emu w n k (inverse_moment_split_bound form k (INR n) rho kap th).
Proof.
move=> /andP[k0 kn] Hth.
exact: (@split_bounds_inverse_moment _ _ EP Emu w n k form th (conj (elimT ssrnat.ltP k0) (elimT ssrnat.leP kn))
  w0R Iw w_mean Iw2 Iwinv (Pint_laplace mu1 mw w0) Hth).
Qed.

(* L - 1 and L - 2, as real numbers *)
Let INR_L1 : Rminus (INR L) 1 = INR m.+1.
Proof. by rewrite /L (S_INR m.+1) /Rminus Rplus_assoc Rplus_opp_r Rplus_0_r. Qed.
Let INR_L2 : Rminus (INR L) 2 = INR m.
Proof. by rewrite /L (S_INR m.+1) (S_INR m); Lra.lra. Qed.

Lemma normalised_participation (form : splits) (th : R) : Rlt 0 th /\ Rle th 1 ->
  (\int[P]_o (\sum_(i < L) (w (X i o) / \sum_(j < L) w (X j o)) ^+ 2)%:E
  <= (Rmult (Rmult (INR L) rho) (inverse_moment_split_bound form 2 (Rminus (INR L) 1) rho kap th) : RR)%:E)%E.
Proof.
move=> Hth; rewrite INR_L1.
have [IM EM] := @participation_majorant_mean _ _ EP Emu X m w PR w0R Iw2 Iwinv
  (Pint_laplace mu1 mw w0) (rest_function L X) independent dominated inv1 _ (elimT ssrnat.ltP m_pos)
  (split_bounds form (m_pos : (0 < 2 <= m.+1)%N) Hth).
apply: (@le_trans _ _ (\int[P]_o (participation_majorant X m w o : RR)%:E)%E); last first.
  by rewrite (Pmean_integral IM) lee_fin; exact/RleP.
have E o : \sum_(i < L) (w (X i o) / \sum_(j < L) w (X j o)) ^+ 2 =
    rsum L (fun i => pow (Rdiv (w (X i o)) (rsum L (fun j => w (X j o)))) 2) :> RR.
  by rewrite rsumE; apply: eq_bigr => i _; rewrite pow2E RdivE' rsumE.
apply: ge0_le_integral => //.
- by move=> o _; rewrite lee_fin; apply: sumr_ge0 => i _; exact: sqr_ge0.
- apply/EFin_measurable_fun/(@measurable_fun_sumr _ _ _ _ (fun (i : 'I_L) o => (w (X i o) / \sum_(j < L) w (X j o)) ^+ 2)) => i.
  apply/measurable_fun_sqr/measurable_funM.
    by apply: (measurable_fun_comp mw); exact: mX.
  apply: measurable_fun_invr_pos.
    apply: (@measurable_fun_sumr _ _ _ _ (fun (j : 'I_L) o => w (X j o))) => j.
    by apply: (measurable_fun_comp mw); exact: mX.
  move=> o; rewrite (bigD1 (Ordinal (ltn0Sn m.+1)))//= ltr_paddr//.
  by apply: sumr_ge0 => j _; exact/ltW.
- move=> o _; rewrite lee_fin; apply: (le_trans (y := \sum_(i < L) (w (X i o) / \sum_(j < L) w (X j o)) ^+ 2)).
    by apply: sumr_ge0 => i _; exact: sqr_ge0.
  by rewrite E; apply/RleP; exact: participation_majorant_ge.
- by case: IM.
- by move=> o _; rewrite lee_fin E; apply/RleP; exact: participation_majorant_ge.
Qed.

Variable f : T -> RR.
Hypothesis mf : measurable_fun setT f.
Let u x := Rmult (w x) (f x).
Hypothesis Iu2 : Pint mu (fun x => pow (u x) 2).
Hypothesis u_mean : Pmean mu u = 0.

Lemma normalised_mean_square (c2 c4 : splits) (th2 th4 : R) : (4 <= m)%N ->
  Rlt 0 th2 /\ Rle th2 1 -> Rlt 0 th4 /\ Rle th4 1 ->
  (\int[P]_o ((weighted_mean L X w f o) ^+ 2)%:E
  <= (laplace_split_bound c2 c4 (Pmean mu (fun x => pow (u x) 2)) rho kap (INR L) th2 th4 : RR)%:E)%E.
Proof.
move=> m4 H2 H4; rewrite /laplace_split_bound INR_L1 INR_L2.
have mu_ : measurable_fun setT (u : T -> RR) by exact: (@measurable_funM _ _ RR setT w f).
have Iu : Pint mu u by apply: Pint_of_sq => //; apply: Pint_ext Iu2 => x; rewrite pow2E.
have RabsE' (x : RR) : Rabs x = `|x| by [].
have mabs : measurable_fun setT (fun x => Rabs (u x) : RR).
  rewrite (_ : (fun x => _) = fun x => `|u x : RR|); last by apply/funext => x; rewrite RabsE'.
  by apply: (@measurable_fun_comp _ _ _ _ _ _ (@Num.norm _ _ : RR -> RR) _ (u : T -> RR)) => //; exact: measurable_fun_normr.
have Iabs : Pint mu (fun x => Rabs (u x)).
  apply: (@Pint_of_sq _ _ mu mu1) => //; apply: Pint_ext Iu2 => x.
  by rewrite RabsE' pow2E real_normK ?num_real.
pose v x := Rmult (w x) (Rabs (u x)).
have mv : measurable_fun setT (v : T -> RR) by exact: (@measurable_funM _ _ RR setT w (fun x => Rabs (u x))).
have Iv : Pint mu v.
  apply: (@Pint_dominated _ _ mu mu1 0 v (fun x => Rplus (Rmult (IZR 1) (pow (w x) 2)) (Rmult (IZR 1) (pow (u x) 2)))) => //.
    exact: Pint_lin.
  move=> x; rewrite add0r -RabsE'; apply/RleP; rewrite /v Rabs_mult Rabs_Rabsolu.
  rewrite (Rabs_pos_eq (w x)); last exact/Rlt_le/w0R.
  rewrite !Rmult_1_l -(pow2_abs (u x)).
  have := pow2_ge_0 (Rminus (w x) (Rabs (u x))); have := Rabs_pos (u x); have := w0R x.
  by move: (w x) (Rabs _) => a b; rewrite /=; Lra.nra.
have [IM EM] := @square_majorant_mean _ _ EP Emu X m w f PR w0R Iw2 Iwinv
  (Pint_laplace mu1 mw w0) (rest_function L X) independent dominated
  rest_function_mult inv1 inv2 Iu u_mean Iu2 Iv Iabs
  (fun i j iL jL ij => rest_other mu_ (introT ssrnat.ltP jL) (introN eqP (nesym ij)))
  (fun i j iL jL ij => rest_other mv (introT ssrnat.ltP jL) (introN eqP (nesym ij)))
  _ _ (elimT ssrnat.leP m4) (split_bounds c2 (m_pos : (0 < 2 <= m.+1)%N) H2)
  (split_bounds c4 (m4 : (0 < 4 <= m)%N) H4).
apply: (@le_trans _ _ (\int[P]_o (square_majorant X m w f o : RR)%:E)%E); last first.
  by rewrite (Pmean_integral IM) lee_fin; exact/RleP.
have G o : weighted_mean L X w f o ^+ 2 <= (square_majorant X m w f o : RR).
  rewrite weighted_meanE -pow2E; apply/RleP; apply: square_majorant_ge => //.
  exact/ssrnat.ltP.
apply: ge0_le_integral => //.
- by move=> o _; rewrite lee_fin sqr_ge0.
- by apply/EFin_measurable_fun/measurable_fun_sqr; exact: measurable_weighted_mean.
- by move=> o _; rewrite lee_fin (le_trans (sqr_ge0 _) (G o)).
- by case: IM.
- by move=> o _; rewrite lee_fin G.
Qed.
End Normalised.

(* kap = E w E w^{-1} *)
Definition tilted_kappa d (T : measurableType d) (mu : {measure set T -> \bar RR}) (w : T -> RR) : RR :=
  (\int[mu]_x w x) * (\int[mu]_x (w x)^-1).

(* multiplication by a constant, in the vocabulary of Pint and Pmean *)
Lemma Pint_scale d (T : measurableType d) (mu : {measure set T -> \bar RR}) (c : RR) (g h : T -> RR) :
  Pint mu g -> (forall x, h x = c * g x) ->
  Pint mu h /\ Pmean mu h = c * \int[mu]_x g x.
Proof.
move=> Ig hE; split.
  by have := integrablerM measurableT c Ig; apply: eq_integrable => // x _ /=; rewrite hE EFinM.
have finI := integral_fune_fin_num measurableT Ig.
rewrite /Pmean /Rintegral -[c]/(fine c%:E) -fineM// -integralM//.
by congr fine; apply: eq_integral => x _; rewrite hE EFinM.
Qed.

Section LaplaceBound.
Context d d' (Om : measurableType d) (T : measurableType d').
Variables (P : {measure set Om -> \bar RR}) (mu : {measure set T -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Hypothesis mu1 : mu setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis HX : iid_with_law P mu L X.
Variable w : T -> RR.
Hypothesis mw : measurable_fun setT w.
Hypothesis w0 : forall x, 0 < w x.
Hypothesis Iw2 : mu.-integrable setT (fun x => (w x ^+ 2)%:E).
Hypothesis Iwinv : mu.-integrable setT (fun x => ((w x)^-1)%:E).
Let Z := \int[mu]_x w x.
Let wn x := w x / Z.

Let Iw : Pint mu w. Proof. exact: Pint_of_sq. Qed.
Let Z0 : 0 < Z. Proof. exact: Pmean_gt0. Qed.
Let mwn : measurable_fun setT wn.
Proof. by apply: measurable_funM => //; exact: measurable_fun_cst. Qed.
Let wn0 x : 0 < wn x. Proof. by rewrite divr_gt0. Qed.
Let wn_mean : Pmean mu wn = 1.
Proof.
have [_ ->] := @Pint_scale _ _ mu Z^-1 w wn Iw (fun x => mulrC _ _).
by rewrite mulVf// gt_eqF.
Qed.
Let wn2 : Pint mu (fun x => pow (wn x) 2) /\ Pmean mu (fun x => pow (wn x) 2) = tilted_rho mu w.
Proof.
have [I E] := @Pint_scale _ _ mu (Z ^- 2) (fun x => w x ^+ 2) (fun x => pow (wn x) 2) Iw2
  (fun x => etrans (pow2E _) (etrans (exprMn _ _ _) (etrans (mulrC _ _) (congr1 (fun y => y * _) (exprVn _ _))))).
by split => //; rewrite E mulrC.
Qed.
Let wninv : Pint mu (fun x => Rinv (wn x)) /\ Pmean mu (fun x => Rinv (wn x)) = tilted_kappa mu w.
Proof.
by apply: (@Pint_scale _ _ mu Z (fun x => (w x)^-1)) => // x; rewrite RinvE' invfM invrK mulrC.
Qed.
Let sumE o : \sum_(j < L) wn (X j o) = (\sum_(j < L) w (X j o)) / Z.
Proof. by rewrite mulr_suml. Qed.
Let ratioE i o : wn (X i o) / (\sum_(j < L) wn (X j o)) = w (X i o) / (\sum_(j < L) w (X j o)).
Proof. by rewrite sumE invfM invrK -mulrA [_^-1 * (_ * Z)]mulrCA mulVf ?mulr1// gt_eqF. Qed.

Theorem participation_ratio_splits (form : splits) (th : RR) : (3 <= L)%N -> 0 < th <= 1 ->
  (\int[P]_o (\sum_(i < L) (w (X i o) / \sum_(j < L) w (X j o)) ^+ 2)%:E
  <= (participation_split_bound form (tilted_rho mu w) (tilted_kappa mu w) L%:R th : RR)%:E)%E.
Proof.
move=> L3 /andP[h1 h2].
have L0 : (0 < L)%N by exact: leq_trans L3.
have W0 o : 0 < \sum_(j < L) w (X j o).
  by rewrite (bigD1 (Ordinal L0))//= ltr_paddr//; apply: sumr_ge0 => j _; exact/ltW.
rewrite /participation_split_bound RminE minEle; case: ifP => _.
  rewrite -P1 -[X in (_ <= X)%E]mul1e -(integral_cst P measurableT 1%E).
  apply: ge0_le_integral => //.
  - by move=> o _; rewrite lee_fin; apply: sumr_ge0 => i _; exact: sqr_ge0.
  - apply/EFin_measurable_fun/(@measurable_fun_sumr _ _ _ _ (fun (i : 'I_L) o => (w (X i o) / \sum_(j < L) w (X j o)) ^+ 2)) => i.
    apply/measurable_fun_sqr/measurable_funM.
      by apply: (measurable_fun_comp mw); exact: (proj1 HX).
    apply: measurable_fun_invr_pos => //.
    apply: (@measurable_fun_sumr _ _ _ _ (fun (j : 'I_L) o => w (X j o))) => j.
    by apply: (measurable_fun_comp mw); exact: (proj1 HX).
  - by move=> o _; rewrite lee_fin.
  - exact: measurable_fun_cst.
  - move=> o _; rewrite lee_fin -(divff (lt0r_neq0 (W0 o))) mulr_suml.
    apply: ler_sum => i _; rewrite expr2 ler_pimull ?divr_ge0 ?(ltW (w0 _)) ?(ltW (W0 _))//.
    rewrite ler_pdivr_mulr// mul1r (bigD1 i)//= ler_addl.
    by apply: sumr_ge0 => j _; exact/ltW.
have : exists m, L = m.+2 /\ (0 < m)%N by case: L L3 => [|[|m]]// m0; exists m.
move=> [m [Lm m0]]; move: HX (ratioE); rewrite Lm => HX' rE.
have := normalised_participation P1 mu1 HX' mwn wn0 wn_mean (proj1 wn2) (proj1 wninv) m0 form
  (conj (elimT (RltP _ _) h1) (elimT (RleP _ _) h2)).
rewrite (proj2 wn2) (proj2 wninv) INRE => /(le_trans _); apply.
rewrite le_eqVlt; apply/orP; left; apply/eqP; apply: eq_integral => o _; congr EFin.
by apply: eq_bigr => i _; rewrite rE.
Qed.

Theorem participation_ratio (th : RR) : (3 <= L)%N -> 0 < th <= 1 ->
  (\int[P]_o (\sum_(i < L) (w (X i o) / \sum_(j < L) w (X j o)) ^+ 2)%:E
  <= (participation_bound (tilted_rho mu w) (tilted_kappa mu w) L%:R th : RR)%:E)%E.
Proof. exact: (participation_ratio_splits one_split). Qed.

Theorem laplace_mean_square_splits (c2 c4 : splits) (n : nat) (f : 'I_n -> T -> RR) (th2 th4 : RR) :
  (6 <= L)%N -> 0 < th2 <= 1 -> 0 < th4 <= 1 ->
  (forall k, measurable_fun setT (f k)) ->
  (forall k, mu.-integrable setT (fun x => ((w x * f k x) ^+ 2)%:E)) ->
  (forall k, \int[mu]_x (w x * f k x) = 0) ->
  let A2 := (\sum_(k < n) \int[mu]_x ((w x * f k x) ^+ 2)) / (\int[mu]_x w x) ^+ 2 in
  is_true (\int[P]_o (\sum_(k < n) (weighted_mean L X w (f k) o) ^+ 2)%:E
  <= (laplace_split_bound c2 c4 A2 (tilted_rho mu w) (tilted_kappa mu w) L%:R th2 th4 : RR)%:E)%E.
Proof.
move=> L6 /andP[h1 h2] /andP[h3 h4] mf Iwf2 Ewf A2.
have L0 : (0 < L)%N by exact: leq_trans L6.
have wmE k o : weighted_mean L X wn (f k) o = weighted_mean L X w (f k) o.
  by apply: eq_bigr => i _; rewrite ratioE.
rewrite (eq_integral (fun o => (\sum_(k < n) ((weighted_mean L X wn (f k) o) ^+ 2)%:E)%E)); last first.
  by move=> o _; rewrite -sumEFin; apply: eq_bigr => k _; rewrite wmE.
rewrite ge0_integral_sum//; last 2 first.
- move=> k; apply/EFin_measurable_fun/measurable_fun_sqr.
  by apply: measurable_weighted_mean => //; exact: (proj1 HX).
- by move=> k o _; rewrite lee_fin sqr_ge0.
have -> : laplace_split_bound c2 c4 A2 (tilted_rho mu w) (tilted_kappa mu w) L%:R th2 th4 =
   \sum_(k < n) laplace_split_bound c2 c4 ((\int[mu]_x ((w x * f k x) ^+ 2)) / Z ^+ 2)
     (tilted_rho mu w) (tilted_kappa mu w) L%:R th2 th4.
  have lin a rho kap x t2 t4 :
      laplace_split_bound c2 c4 a rho kap x t2 t4 = a * laplace_split_bound c2 c4 1 rho kap x t2 t4 :> RR.
    by rewrite /laplace_split_bound Rmult_1_l.
  by rewrite lin /A2 !mulr_suml; apply: eq_bigr => k _; rewrite [RHS]lin RdivE'.
rewrite -sumEFin; apply: lee_sum => k _.
have : exists m, L = m.+2 /\ (4 <= m)%N by case: L L6 => [|[|m]]// m1; exists m.
move=> [m [Lm m4]]; move: HX; rewrite Lm => HX'.
have m0 : (0 < m)%N by exact: leq_trans m4.
have [Iu2 Eu2] := @Pint_scale _ _ mu (Z ^- 2) (fun x => (w x * f k x) ^+ 2)
  (fun x => pow (Rmult (wn x) (f k x)) 2) (Iwf2 k)
  (fun x => etrans (pow2E _) (etrans (congr1 (fun y => y ^+ 2) (etrans (mulrAC _ _ _) (mulrC _ _)))
     (etrans (exprMn _ _ _) (congr1 (fun y => y * _) (exprVn _ _))))).
have mwf : measurable_fun setT (fun x => w x * f k x) by apply: measurable_funM => //; exact: mf.
have Iwf : Pint mu (fun x => w x * f k x) by apply: (Pint_of_sq mu1 mwf); exact: Iwf2.
have [_ Eu] := @Pint_scale _ _ mu Z^-1 (fun x => w x * f k x) (fun x => Rmult (wn x) (f k x)) Iwf
  (fun x => etrans (mulrAC _ _ _) (mulrC _ _)).
rewrite Ewf mulr0 in Eu.
have := @normalised_mean_square _ _ _ _ _ _ P1 mu1 m X HX' wn mwn wn0 wn_mean (proj1 wn2) (proj1 wninv) m0
  (f k) (mf k) Iu2 Eu c2 c4 th2 th4 m4 (conj (elimT (RltP _ _) h1) (elimT (RleP _ _) h2))
  (conj (elimT (RltP _ _) h3) (elimT (RleP _ _) h4)).
by rewrite (proj2 wn2) (proj2 wninv) INRE Eu2 RdivE' mulrC.
Qed.

Theorem laplace_mean_square (n : nat) (f : 'I_n -> T -> RR) (th2 th4 : RR) :
  (6 <= L)%N -> 0 < th2 <= 1 -> 0 < th4 <= 1 ->
  (forall k, measurable_fun setT (f k)) ->
  (forall k, mu.-integrable setT (fun x => ((w x * f k x) ^+ 2)%:E)) ->
  (forall k, \int[mu]_x (w x * f k x) = 0) ->
  let A2 := (\sum_(k < n) \int[mu]_x ((w x * f k x) ^+ 2)) / (\int[mu]_x w x) ^+ 2 in
  is_true (\int[P]_o (\sum_(k < n) (weighted_mean L X w (f k) o) ^+ 2)%:E
  <= (laplace_bound A2 (tilted_rho mu w) (tilted_kappa mu w) L%:R th2 th4 : RR)%:E)%E.
Proof. exact: (laplace_mean_square_splits one_split one_split). Qed.
End LaplaceBound.
